-- expect: bad_return
-- Where a request goes is declared at load.
local p = require "perilune"
local ask = p.model "sim/x"

return function(req)
  return { action = "route", url = "http://169.254.169.254/" }
end
