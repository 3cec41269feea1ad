-- expect: denied
-- A request is not changed in place.
local p = require "perilune"
local ask = p.model "sim/x"

return function(req)
  req.model = "gpt-4\0evil"
end
