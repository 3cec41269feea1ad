-- expect: contained|deadline
-- A request may log a hundred lines.
local p = require "perilune"

return function(req)
  for i = 1, 3000 do p.log("spam", { n = i }) end
  return p.say "well"
end
