-- perilune.amounts -- "500 requests/min", "150k tokens/min", "20 concurrent".
--
-- What p.limit counts, and what a provider's or a model's `limit` does: parts as
-- the core takes them, { unit =, n =, per = seconds, burst = }.

local core = require "perilune.core"
local options = require "perilune.options"
local show = require "perilune.show"
local units = require "perilune.units"

local amounts = {}

local SECONDS = { second = 1, minute = 60, hour = 3600, day = 86400, week = 604800 }
local MOST_PARTS = 4
local HOW = 'write it like "500 requests/min", "150k tokens/min" or "20 concurrent"'

-- One amount: { unit =, n =, per = }.
local function part_of(v, where)
  local places = type(v) == "string" and v:match "^%s*(%d+)%s+concurrent%s*$"
  if places and math.tointeger(tonumber(places)) and tonumber(places) > 0 then
    return { unit = "concurrent", n = math.tointeger(tonumber(places)), per = 0 }
  end
  local amount = units.amount(v, nil, HOW)
  local per, n = SECONDS[amount.per], math.tointeger(amount.n)
  if amount.unit == "usd" then
    core.raise(("limit: %s is money; p.limit counts requests and tokens"):format(show.value(v)))
  elseif amount.per == "month" then
    core.raise(("limit: %s: a limit's longest period is a week"):format(show.value(v)))
  elseif not per or not n or n < 1 then
    core.raise(("limit: %s %s is not a whole amount of at least 1; %s")
      :format(where, show.value(v), HOW))
  end
  return { unit = amount.unit, n = n, per = per }
end

--- What a part counts: "requests/60".
function amounts.id(part) return part.unit .. "/" .. part.per end

--- The amounts of a list, which are of different kinds.
function amounts.parts(list)
  local parts, seen = {}, {}
  for i = 1, #list do
    local part = part_of(list[i], "item " .. i)
    if seen[amounts.id(part)] then
      core.raise(("limit: %s and %s count the same; write one of them")
        :format(show.value(seen[amounts.id(part)]), show.value(list[i])))
    end
    seen[amounts.id(part)] = list[i]
    parts[i] = part
  end
  if #parts > MOST_PARTS then core.raise(("limit: at most %d amounts"):format(MOST_PARTS)) end
  if #parts == 0 then core.raise("limit: the amount is missing; " .. HOW) end
  return parts
end

local FACTOR = { [""] = 1, k = 1000, M = 1000000 }

-- "10k tokens" -> 10000, "tokens"
local function read_burst(v)
  local n, factor, unit = tostring(v):match "^%s*(%d+)([kM]?)%s+(%a+)%s*$"
  n = n and math.tointeger(tonumber(n) * FACTOR[factor])
  if unit == "request" or unit == "token" then unit = unit .. "s" end
  if n and n > 0 and (unit == "requests" or unit == "tokens") then return n, unit end
  options.wrong(v, "burst", 'like "50 requests" or "20k tokens"')
end

--- Give the parts their bursts: a text, or one for each unit.
function amounts.add_bursts(parts, burst)
  if burst == nil then return end
  for _, said in ipairs(type(burst) == "table" and burst or { burst }) do
    local n, unit = read_burst(said)
    local found = false
    for _, part in ipairs(parts) do
      if part.unit == unit then part.burst, found = n, true end
    end
    if not found then
      core.raise(("limit: burst = %s has no amount in %s to belong to")
        :format(show.value(said), unit))
    end
  end
end

--- What it counts, for whom and in which periods; not how many.
function amounts.shape(by, parts)
  local words = {}
  for i, part in ipairs(parts) do words[i] = amounts.id(part) .. (part.burst and "+" or "") end
  local whose = type(by) == "function" and "function" or by or "all"
  return whose .. " " .. table.concat(words, " ")
end

local function any(v) return v end

local OWN = { burst = any, wait = options.timeout }

--- Checker of `limit`: what we allow ourselves. The parts, their shape, a wait.
function amounts.own(v, name)
  if type(v) ~= "string" and type(v) ~= "table" then
    options.wrong(v, name, 'an amount such as "500 requests/min", or a list of them')
  end
  v = type(v) == "string" and { v } or v
  local read = options.read(name, v, OWN)
  local parts = amounts.parts(v)
  for _, part in ipairs(parts) do
    if part.unit == "concurrent" then
      core.raise(("limit: calls at a time are said by concurrency = %d"):format(part.n))
    end
  end
  amounts.add_bursts(parts, read.burst)
  parts.wait, parts.shape = read.wait, amounts.shape(nil, parts)
  return parts
end

return amounts
