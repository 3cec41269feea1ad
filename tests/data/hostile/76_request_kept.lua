-- expect: contained|error
-- A request that has ended is dead, not dangling.
local p = require "perilune"
local kept

return function(req)
  if kept then
    local _ = kept.model
  end
  kept = req
  return p.say "well"
end
