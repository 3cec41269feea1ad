-- expect: bad_return|memory|deadline
-- A reason of thirty megabytes.
local p = require "perilune"
local ask = p.model "sim/x"

return function(req)
  return { action = "deny", reason = ("x"):rep(20000000) }
end
