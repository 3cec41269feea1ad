-- expect: deadline
-- What the library does in C is looked at too.
local p = require "perilune"

return function(req)
  local t = {}
  for i = 1, 30000 do t[i] = { i, tostring(i) } end
  while true do p.json.decode(p.json.encode(t)) end
end
