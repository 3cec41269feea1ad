-- perilune.ladder -- rungs asked one after another until one has a reply.
--
-- The value form of Lua's own `or`. What a rung declined with is kept by the
-- request (req.fault), so a ladder that comes to its end declines with that.

local callable = require "perilune.callable"
local core = require "perilune.core"
local show = require "perilune.show"

local ladder = {}

local function not_a_reply(at, v, where)
  if callable.ready(v) then
    local name = callable.name(v)
    core.raise(("%s: item %d returned the rung %s, not its reply; write %s(req)")
      :format(where, at, name, name))
  end
  local hint = type(v) == "string" and '; write p.say "hello"'
    or v == true and '; a condition belongs before "and": "hard(req) and large(req)"' or ""
  core.raise(("%s: item %d returned %s, not a reply%s")
    :format(where, at, show.value(v), hint))
end

--- What item `at` of a list returned: a reply, or nil. Raises for anything else;
-- only a written reply is both, something to call and a reply.
function ladder.reply(v, at, where)
  if not v then return nil end
  if core.kind(v) ~= "reply" then not_a_reply(at, v, where) end
  return v
end

local function climb(rungs, req)
  for at = 1, #rungs do
    local reply = rungs[at](req)
    if ladder.reply(reply, at, "ladder") then return reply end
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
