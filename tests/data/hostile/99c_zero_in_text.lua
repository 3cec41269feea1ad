-- expect: contained
-- A zero byte is escaped.
local p = require "perilune"
local ask = p.model "sim/x"

return function(req)
  return p.say "a\0b"
end
