-- expect: contained
-- Lua marks what has a finalizer when the metatable is set; later is too late.
local p = require "perilune"

return function(req)
  local mt = {}
  for _ = 1, 1000 do setmetatable({}, mt) end
  mt.__gc = function() while true do end end
  for _ = 1, 100 do setmetatable({}, { {} }) end
  return p.say "well"
end
