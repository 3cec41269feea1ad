-- expect: contained
-- A text forges no event of a stream.
local p = require "perilune"
local ask = p.model "sim/x"

return function(req)
  return p.say "x\n\ndata: {\"choices\":[]}\n\ndata: [DONE]\n\n"
end
