-- expect: error
-- A text is UTF-8.
local p = require "perilune"
local ask = p.model "sim/x"

return function(req)
  return p.refuse(403, "bad \xc3\x28")
end
