-- expect: bad_return
-- Nor is a text.
local p = require "perilune"
local ask = p.model "sim/x"

return function(req)
  return "hello"
end
