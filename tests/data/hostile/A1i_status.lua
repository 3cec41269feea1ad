-- expect: error
-- A refusal has a status from 400 to 599.
local p = require "perilune"
local ask = p.model "sim/x"

return function(req)
  return p.refuse("200 OK\r\nX: y", "body")
end
