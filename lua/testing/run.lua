-- testing.run -- one test in a world of its own.

local calendar = require "testing.calendar"
local failure = require "testing.failure"
local scene = require "testing.scene"

local run = {}

local function open(tool, test, seed)
  local o = test.options
  return tool.world { seed = seed, calendar = o.at or calendar.default, deadline = o.deadline,
    keys = o.keys }
end

local function lines_of(raised, t)
  if failure.is(raised) then return raised.lines, raised.where end
  local lines = {}
  for line in tostring(raised):gmatch "[^\n]+" do lines[#lines + 1] = line end
  t:explain(lines)
  return lines
end

--- Run a test under a seed: { ok =, seed =, seconds =, lines =, where = }.
function run.one(tool, test, seed)
  local world = open(tool, test, seed)
  local t = scene.new(tool, world, test, seed)
  math.randomseed(seed)
  local ok, raised = pcall(function()
    t:policy(test.options.policy)
    test.body(t)
  end)
  local result = { ok = ok, seed = seed, seconds = world:now() }
  if not ok then result.lines, result.where = lines_of(raised, t) end
  world:close()
  return result
end

return run
