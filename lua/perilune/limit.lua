-- perilune.limit -- p.limit: so much and no more in any minute.
--
--     p.limit("chat", { "20 requests/min", "50k tokens/min", each = "user" })
--
-- A gate: it answers only to say no, with a 429 that says when to come again.
-- What was taken is in the realm: workers share it and reloads keep it.

local callable = require "perilune.callable"
local core = require "perilune.core"
local each = require "perilune.each"
local moment = require "perilune.moment"
local named = require "perilune.named"
local options = require "perilune.options"
local show = require "perilune.show"
local units = require "perilune.units"

local limit = {}

local SECONDS = { second = 1, minute = 60, hour = 3600, day = 86400, week = 604800 }
local MOST_PARTS = 4
local HOW = 'write it like "500 requests/min", "150k tokens/min" or "20 concurrent"'

local function any(v) return v end

local OPTIONS = { each = each.read, burst = any, but = any, wait = options.timeout }

-- One amount: { unit =, n =, per = }.
local function part_of(v, where)
  local places = type(v) == "string" and v:match "^%s*(%d+)%s+concurrent%s*$"
  if places and math.tointeger(tonumber(places)) and tonumber(places) > 0 then
    return { unit = "concurrent", n = math.tointeger(tonumber(places)), per = 0 }
  end
  local amount = units.amount(v)
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

local function id(part) return part.unit .. "/" .. part.per end

-- The amounts of a list, which are of different kinds.
local function parts_of(list)
  local parts, seen = {}, {}
  for i = 1, #list do
    local part = part_of(list[i], "item " .. i)
    if seen[id(part)] then
      core.raise(("limit: %s and %s count the same; write one of them")
        :format(show.value(seen[id(part)]), show.value(list[i])))
    end
    seen[id(part)] = list[i]
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

-- Give the parts their bursts: a text, or one for each unit.
local function add_bursts(parts, burst)
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

-- What it counts, for whom and in which periods; not how many.
local function shape_of(by, parts)
  local words = {}
  for i, part in ipairs(parts) do words[i] = id(part) .. (part.burst and "+" or "") end
  local whose = type(by) == "function" and "function" or by or "all"
  return whose .. " " .. table.concat(words, " ")
end

-- The usual parts with the amounts of an exception in their places.
local function replaced(parts, list, who)
  local new, set = {}, {}
  for _, part in ipairs(parts_of(list)) do new[id(part)] = part end
  for i, part in ipairs(parts) do
    local n = new[id(part)] and new[id(part)].n or part.n
    set[i] = { unit = part.unit, n = n, per = part.per, burst = part.burst }
    new[id(part)] = nil
  end
  local _, other = next(new)
  if other then
    core.raise(("limit: but: %s counts something else than the others do"):format(show.value(who)))
  end
  return set
end

-- Which set of amounts whom concerns: 0 is none, 1 the usual one.
local function read_but(but, parts)
  local sets, which = { parts }, {}
  for _, who in ipairs(show.names(but)) do
    local said = but[who]
    if said == "unlimited" then
      which[who] = 0
    else
      sets[#sets + 1] = replaced(parts, type(said) == "table" and said or { said }, who)
      which[who] = #sets
    end
  end
  return sets, which
end

local function check(read, parts)
  if read.but ~= nil and (type(read.but) ~= "table" or not read.each) then
    core.raise 'limit: but = { ... } names exceptions among those of each = "user"'
  end
  for _, part in ipairs(parts) do
    if part.unit == "concurrent" and read.wait then
      core.raise("limit: nobody knows when a place becomes free, so there is no wait for "
        .. "it; p.model's concurrency has a queue")
    end
  end
end

local function ask(own, req)
  local who = own.each and each.of(own.each, req, own.called) or ""
  return core.limit_ask(own.limit, req, who, own.which[who] or 1)
end

local function make(name, t)
  local read = options.read("limit", t, OPTIONS)
  local parts = parts_of(t)
  check(read, parts)
  add_bursts(parts, read.burst)
  local sets, which = read_but(read.but or {}, parts)
  local own = { each = read.each, which = which, called = "limit: each of " .. core.where() }
  own.limit = core.limit(name, shape_of(read.each, parts), read.wait or 0, sets)
  return callable.new(name, function(req) return ask(own, req) end, type(read.each) == "function")
end

local function check_name(name)
  if type(name) == "string" and name:find "^%w[%w._-]*$" and #name <= 64 then return end
  core.raise(("limit: the name comes first, such as p.limit(\"chat\", { ... }); it is %s")
    :format(show.value(name)))
end

--- p.limit: a gate of that name. `t` is an amount, or amounts with options.
function limit.new(name, t)
  moment.load("limit", name)
  check_name(name)
  t = options.table_of("limit", t, 'an amount such as "500 requests/min"')
  return named.once("limit", name, show.options(t), function() return make(name, t) end, t.each)
end

return limit
