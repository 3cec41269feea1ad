-- expect: error
-- So is a time.
local p = require "perilune"
local ask = p.model "sim/x"

return function(req)
  p.sleep(0 / 0)
end
