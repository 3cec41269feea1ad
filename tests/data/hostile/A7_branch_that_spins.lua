-- expect: deadline
-- One branch loops while the other would wait for ever.
local p = require "perilune"
local race = p.race {
  function() while true do end end,
  function() p.sleep "1h" end,
}
return function(req)
  pcall(race, req)
  while true do pcall(race, req) end
end
