-- perilune.breaker -- p.breaker: a rung that has failed too often is not asked.
--
--     p.breaker("search", { { large, small }, failures = 3, open = "1min" })
--
-- Models have breakers of their own. This one guards any rung under a name, which
-- all workers share and which outlives the policy's versions.

local callable = require "perilune.callable"
local core = require "perilune.core"
local guard = require "perilune.guard"
local moment = require "perilune.moment"
local named = require "perilune.named"
local options = require "perilune.options"
local rung = require "perilune.rung"
local show = require "perilune.show"

local breaker = {}

local function check_name(name)
  if type(name) == "string" and name:find "^%w[%w._-]*$" and #name <= 64 then return end
  core.raise(("breaker: %s is not a name (letters, digits and . _ -)"):format(show.value(name)))
end

local function inner_of(t)
  if t[1] == nil then
    core.raise "breaker: the first item says which rung; it is nil (is a field misspelt?)"
  end
  if t[2] ~= nil then
    core.raise "breaker: one rung; put several in braces of their own: { { a, b }, failures = 3 }"
  end
  return rung.to(t[1], "breaker")
end

local function make(name, t)
  local read = options.read("breaker", t, guard.RULES)
  local inner = inner_of(t)
  local own = core.breaker(name, read)
  return callable.new(name, function(req)
    local pass <close> = core.breaker_enter(own, req)
    if not pass then return nil, req.fault end
    local reply = inner(req)
    core.breaker_tell(pass, req, reply)
    if not reply then return nil, req.fault end
    return reply
  end, callable.authored(inner))
end

--- p.breaker: a rung behind a breaker of that name. `t` is a rung, or a table
-- that begins with one.
function breaker.new(name, t)
  moment.load("breaker", name)
  check_name(name)
  if type(t) ~= "table" or callable.ready(t) then t = { t } end
  return named.once("breaker", name, show.options(t), function() return make(name, t) end)
end

return breaker
