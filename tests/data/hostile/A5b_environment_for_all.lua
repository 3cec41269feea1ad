-- expect: contained
-- The next request finds the environment as the file was loaded in it.
local p = require "perilune"
local ask = p.model "sim/x"

return function(req)
  local before = tostring(1)
  _ENV = {}
  return p.say(before)
end
