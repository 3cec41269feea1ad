-- time_test.lua -- time passes, whatever fractions of a second it is told to.
local test = require "perilune.test"

local QUIET = { policy = "return 'openai/gpt-4o'" }

test("spans that no number holds exactly add up", QUIET, function(t)
  local sum = 0
  for i = 1, 2000 do
    t:advance(0.1 + i * 0.0007)
    sum = sum + 0.1 + i * 0.0007
  end
  t:expect { seconds = test.about(("%.4fs"):format(sum), "1ms") }
end)

test("a plan at such an instant is carried out once", QUIET, function(t)
  local calls = 0
  for i = 1, 1000 do t:later(i * 0.0013, function() calls = calls + 1 end) end
  t:advance "1m"
  assert(calls == 1000)
end)
