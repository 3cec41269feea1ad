-- perilune.race -- p.race: several rungs are asked at once, the first reply wins.
--
--     p.race { "openai/gpt-4o-mini", "groq/llama-3.3-70b-versatile" }
--
-- It costs what all of them cost until one has won; p.hedge asks the second only
-- when the first is slow.

local branches = require "perilune.branches"
local callable = require "perilune.callable"
local moment = require "perilune.moment"

local race = {}

--- p.race: a rung that asks all its items at once and returns the first reply;
-- the others are cancelled. It declines when all of them have.
function race.new(t)
  moment.load("race")
  local rungs, _, authored = branches.declared("race", t, {})
  return callable.new("race", function(req) return branches.run("race", rungs, req) end, authored)
end

return race
