-- expect: denied|error
-- Nor the library of ours.
local p = require "perilune"

return function(req)
  p.say = nil
end
