-- perilune.limit -- p.limit: so much and no more in any minute.
--
--     p.limit("chat", { "20 requests/min", "50k tokens/min", each = "user" })
--
-- A gate: it answers only to say no, with a 429 that says when to come again.
-- What was taken is in the realm: workers share it and reloads keep it.

local amounts = require "perilune.amounts"
local callable = require "perilune.callable"
local core = require "perilune.core"
local each = require "perilune.each"
local moment = require "perilune.moment"
local named = require "perilune.named"
local options = require "perilune.options"
local show = require "perilune.show"

local limit = {}

local function any(v) return v end

local OPTIONS = { each = each.read, burst = any, but = any, wait = options.timeout }

-- The usual parts with the amounts of an exception in their places.
local function replaced(parts, list, who)
  local new, set = {}, {}
  for _, part in ipairs(amounts.parts(list)) do new[amounts.id(part)] = part end
  for i, part in ipairs(parts) do
    local n = new[amounts.id(part)] and new[amounts.id(part)].n or part.n
    set[i] = { unit = part.unit, n = n, per = part.per, burst = part.burst }
    new[amounts.id(part)] = nil
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
  if read.but ~= nil and (type(read.but) ~= "table" or #read.but > 0 or not read.each) then
    core.raise('limit: but = { gold = "200 requests/min" } names exceptions among those of '
      .. 'each = "user"')
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
  local parts = amounts.parts(t)
  check(read, parts)
  amounts.add_bursts(parts, read.burst)
  local sets, which = read_but(read.but or {}, parts)
  local own = { each = read.each, which = which, called = "limit: each of " .. core.where() }
  own.limit = core.limit(name, amounts.shape(read.each, parts), read.wait or 0, sets)
  return callable.new(name, function(req) return ask(own, req) end, type(read.each) == "function")
end

--- p.limit: a gate of that name. `t` is an amount, or amounts with options.
function limit.new(name, t)
  moment.load("limit", name)
  named.check("limit", name, 'p.limit("chat", { ... })')
  t = options.table_of("limit", t, 'an amount such as "500 requests/min"')
  return named.once("limit", name, show.options(t), function() return make(name, t) end, t.each)
end

return limit
