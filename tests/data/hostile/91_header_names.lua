-- expect: bad_return
-- Nor is a name of one passed on.
local p = require "perilune"
local ask = p.model "sim/x"

return function(req)
  req.headers["X-A: 1\r\nX-B"] = "2"
  req.headers["X\0D"] = "4"
  return { action = "allow", headers = { ["X\r\nY"] = "z" } }
end
