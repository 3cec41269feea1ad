-- expect: contained
-- Nor does a refusal.
local p = require "perilune"
local ask = p.model "sim/x"

return function(req)
  return p.refuse(400, "x\n\ndata: [DONE]\n\n")
end
