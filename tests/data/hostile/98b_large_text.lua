-- expect: contained|memory|deadline
-- A text of four.
local p = require "perilune"
local ask = p.model "sim/x"

return function(req)
  return p.say(("x"):rep(4000000))
end
