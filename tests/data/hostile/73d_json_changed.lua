-- expect: denied|error
-- Nor a part of it.
local p = require "perilune"

return function(req)
  p.json.encode = nil
end
