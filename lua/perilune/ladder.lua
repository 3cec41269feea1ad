-- perilune.ladder -- rungs asked one after another until one has a reply.
--
-- The value form of Lua's own `or`. What a rung declined with is kept by the
-- request (req.fault), so a ladder that comes to its end declines with that.

local callable = require "perilune.callable"
local core = require "perilune.core"
local show = require "perilune.show"

local ladder = {}

local function not_a_reply(at, v)
  if callable.ready(v) then
    local name = callable.name(v)
    core.raise(("ladder: item %d returned the rung %s, not its reply; write %s(req)")
      :format(at, name, name))
  end
  local hint = type(v) == "string" and '; write p.say "hello"'
    or v == true and '; a condition belongs before "and": "hard(req) and large(req)"' or ""
  core.raise(("ladder: item %d returned %s, not a reply%s"):format(at, show.value(v), hint))
end

-- Only a written reply is both: something to call and a reply.
local function climb(rungs, req)
  for at = 1, #rungs do
    local reply = rungs[at](req)
    if reply then
      if core.kind(reply) ~= "reply" then not_a_reply(at, reply) end
      return reply
    end
  end
  return nil, req.fault
end

local function any_authored(rungs)
  for _, rung in ipairs(rungs) do
    if callable.authored(rung) then return true end
  end
  return false
end

--- A ladder of things that can be called with a request.
function ladder.of(rungs)
  return callable.new("ladder", function(req) return climb(rungs, req) end,
    any_authored(rungs))
end

return ladder
