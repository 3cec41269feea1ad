-- expect: bad_return
-- No value at all is a missing return.
local p = require "perilune"
local ask = p.model "sim/x"

return function(req)
  local _ = req.model
end
