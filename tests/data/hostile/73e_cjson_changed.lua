-- expect: denied
-- Nor one that is not ours.
local cjson = require "cjson"

return function(req)
  cjson.encode = nil
end
