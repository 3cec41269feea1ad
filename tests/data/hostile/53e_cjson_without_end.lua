-- expect: deadline|memory
-- A long text, read again and again.
local cjson = require "cjson"

return function(req)
  local s = "[" .. ("[1,2,3],"):rep(10000) .. "0]"
  while true do cjson.decode(s) end
end
