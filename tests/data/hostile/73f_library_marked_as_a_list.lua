-- expect: denied
-- What marks a table as a list changes no table that is protected.
local p = require "perilune"

return function(req)
  p.json.array(string)
end
