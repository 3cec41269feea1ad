-- expect: bad_return
-- Nor is a rung.
local p = require "perilune"
local ask = p.model "sim/x"

return function(req)
  return ask
end
