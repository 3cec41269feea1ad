-- expect: bad_return
-- Nor is something else of the library.
local p = require "perilune"
local ask = p.model "sim/x"

return function(req)
  return req
end
