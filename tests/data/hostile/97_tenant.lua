-- expect: denied
-- Who asks is not the policy's to say.
local p = require "perilune"
local ask = p.model "sim/x"

return function(req)
  req.team = "victim"
  return ask(req)
end
