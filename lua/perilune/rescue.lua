-- perilune.rescue -- p.rescue: what answers when the policy itself raises.
--
-- It holds models, lists and written replies, and no function of the author's
-- at any depth: what answers when Lua fails cannot fail the same way.

local callable = require "perilune.callable"
local core = require "perilune.core"
local moment = require "perilune.moment"
local rung = require "perilune.rung"

local rescue = {}

local first -- where the one p.rescue of this policy stands

-- Which item of the list it is; 1 when there is no list.
local function culprit(t)
  if type(t) ~= "table" or callable.ready(t) then return 1 end
  for at, v in ipairs(t) do
    if callable.authored(rung.to(v, "rescue")) then return at end
  end
  return 1
end

--- p.rescue: declare it, once; `t` is whatever stands for a rung.
function rescue.new(t)
  moment.load("rescue")
  if first then
    core.raise(("rescue was declared at %s already; there is one, with a list of rungs")
      :format(first))
  end
  local ladder = rung.to(t, "rescue")
  if callable.authored(ladder) then
    core.raise(("rescue: item %d runs a function of yours; what answers when Lua fails "
      .. "may hold models, lists and written replies only"):format(culprit(t)))
  end
  first = core.where()
  core.rescue(function(req) return ladder(req) end)
end

return rescue
