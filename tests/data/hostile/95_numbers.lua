-- expect: bad_return
-- Numbers of a table that is no reply.
local p = require "perilune"
local ask = p.model "sim/x"

return function(req)
  return { action = "allow", max_tokens = 0 / 0, cost = -1 / 0, retries = 2 ^ 63, status = "0x7f" }
end
