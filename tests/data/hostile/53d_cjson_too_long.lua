-- expect: error|memory|deadline
-- Larger than JSON may be; measured before it is written.
local cjson = require "cjson"

return function(req)
  local s, t = ("\n"):rep(100000), {}
  for i = 1, 2000 do t[i] = s end
  return cjson.encode(t)
end
