-- expect: error
-- A table that holds itself, in cjson.
local cjson = require "cjson"

return function(req)
  local t = {}
  t.me = t
  return cjson.encode(t)
end
