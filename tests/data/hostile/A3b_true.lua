-- expect: bad_return
-- True is no reply.
local p = require "perilune"
local ask = p.model "sim/x"

return function(req)
  return true
end
