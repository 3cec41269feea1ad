-- expect: error|bad_return
-- A list with one item, far away.
local p = require "perilune"

return function(req)
  return p.json.encode { [1 << 40] = 1 }
end
