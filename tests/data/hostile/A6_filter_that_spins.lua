-- expect: deadline
-- What looks at a reply has the time of its request.
local p = require "perilune"
local watched = p.filter { "sim/x", with = function() while true do end end }

return function(req)
  return watched(req)
end
