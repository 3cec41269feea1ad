-- expect: denied
-- An address undoes what the system randomised.
local p = require "perilune"

return function(req)
  return p.refuse(400, ("%p"):format(pairs))
end
