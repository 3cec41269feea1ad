-- expect: contained
-- A name is escaped where it goes.
local p = require "perilune"
local ask = p.model "sim/x"

return function(req)
  return ask(req:with { model = "x\0\"}\r\n\xff" }) or p.say "well"
end
