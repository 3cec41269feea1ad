-- expect: error
-- A table that holds itself has no end in JSON.
local p = require "perilune"

return function(req)
  local t = {}
  t.me = t
  return p.json.encode(t)
end
