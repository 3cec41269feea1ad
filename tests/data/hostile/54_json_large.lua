-- expect: error|memory|deadline
-- Sixteen times sixteen megabytes.
local p = require "perilune"

return function(req)
  local s, t = ("\n"):rep(1 << 20), {}
  for i = 1, 256 do t[i] = s end
  return p.json.encode(t)
end
