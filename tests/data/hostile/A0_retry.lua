-- expect: bad_return
-- Retries are declared.
local p = require "perilune"
local ask = p.model "sim/x"

return function(req)
  return { action = "retry" }
end
