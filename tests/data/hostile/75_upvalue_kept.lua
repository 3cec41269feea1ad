-- expect: contained
-- By design: a local of the file is shared by the requests of a version.
local p = require "perilune"
local seen

return function(req)
  local said = seen and "again" or "first"
  seen = true
  return p.say(said)
end
