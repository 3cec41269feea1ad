-- perilune.idempotent -- p.idempotent: how requests are known again.
--
--     p.idempotent { ttl = "1h", key = function(req) return req.headers["x-order"] end }
--
-- A declaration: it holds before the policy is called. Without it the key is
-- the client's own, its Idempotency-Key, and an answer is kept for a day.

local core = require "perilune.core"
local moment = require "perilune.moment"
local options = require "perilune.options"
local show = require "perilune.show"
local units = require "perilune.units"

local idempotent = {}

local DAY = 86400
local MOST = 30 * DAY

local first -- where the one p.idempotent of this policy stands

local function lifetime(v, name)
  local seconds = units.seconds(v, name)
  if seconds >= 1 and seconds <= MOST then return seconds end
  options.wrong(v, name, 'from "1s" to "30d"')
end

local OPTIONS = { ttl = lifetime, key = options.callable }

-- The author's key, which is a text or nothing.
local function checked(key, where)
  return function(req)
    local text = key(req)
    if text == nil or text == false or text == "" then return nil end
    if type(text) == "string" then return text end
    core.raise(("idempotent: the key of %s returned %s, not a text or nil")
      :format(where, show.value(text)))
  end
end

local function declare(t)
  if t == false then return core.idempotent(0) end
  if type(t) ~= "table" or #t > 0 then
    core.raise(('idempotent: expected false or a table such as { ttl = "1h" }, not %s')
      :format(show.value(type(t) == "table" and t[1] or t)))
  end
  local read = options.read("idempotent", t, OPTIONS)
  core.idempotent(read.ttl or DAY, read.key and checked(read.key, core.where()))
end

--- p.idempotent: declare it, once; false: nothing is kept.
function idempotent.new(t)
  moment.load("idempotent")
  if first then
    core.raise(("idempotent was declared at %s already; there is one"):format(first))
  end
  declare(t)
  first = core.where()
end

return idempotent
