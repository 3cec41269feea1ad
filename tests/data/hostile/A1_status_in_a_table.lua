-- expect: bad_return
-- Nor by what is returned.
local p = require "perilune"
local ask = p.model "sim/x"

return function(req)
  return { status = 101, body = "x" }
end
