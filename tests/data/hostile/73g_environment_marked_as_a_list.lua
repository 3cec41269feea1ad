-- expect: denied
-- Nor the environment.
local p = require "perilune"

return function(req)
  p.json.array(_ENV)
end
