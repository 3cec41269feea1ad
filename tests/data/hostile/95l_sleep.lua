-- expect: error
-- And it is not endless.
local p = require "perilune"
local ask = p.model "sim/x"

return function(req)
  p.sleep(1 / 0)
end
