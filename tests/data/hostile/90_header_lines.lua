-- expect: bad_return
-- Headers are a copy; and what is returned is no reply.
local p = require "perilune"
local ask = p.model "sim/x"

return function(req)
  req.headers["X-A"] = "1\r\nX-B: 2"
  return { action = "allow" }
end
