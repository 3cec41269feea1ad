-- expect: bad_return
-- Nor by what it returns.
local p = require "perilune"
local ask = p.model "sim/x"

return function(req)
  return { action = "allow", tenant = "victim" }
end
