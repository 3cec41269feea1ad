-- expect: deadline
-- So has what looks at a written one.
local p = require "perilune"
local watched = p.filter { p.say "x", with = function() while true do end end }

return function(req)
  return watched(req)
end
