-- expect: contained
-- So is what is logged.
local p = require "perilune"
local ask = p.model "sim/x"

return function(req)
  p.log("x\n{\"event\":\"request\"}\r\n\27[2J\0", { ["a\nb"] = "\0\xff\n" })
  return p.say "well"
end
