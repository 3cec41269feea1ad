-- expect: bad_return
-- Nor one that would say where the reply ends.
local p = require "perilune"
local ask = p.model "sim/x"

return function(req)
  return { headers = { ["content-length"] = "0", ["transfer-encoding"] = "chunked" } }
end
