-- expect: error
-- The same in cjson, whose lists may be told to have holes.
local cjson = require "cjson"

return function(req)
  cjson.encode_sparse_array(true, 0)
  return cjson.encode { [1 << 30] = 1 }
end
