-- expect: bad_return
-- There are no actions.
local p = require "perilune"
local ask = p.model "sim/x"

return function(req)
  return { action = "ALLOW\0" }
end
