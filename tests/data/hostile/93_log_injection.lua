-- expect: error
-- The message is one line of the log, escaped.
local p = require "perilune"
local ask = p.model "sim/x"

return function(req)
  error("x\n{\"event\":\"request\",\"status\":200}\r\n\27[2J\0tail")
end
