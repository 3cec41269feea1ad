-- expect: deadline
-- A race that is over makes room for the next, and each costs its time.
local p = require "perilune"
local race = p.race { function() return p.say "x" end, function() p.sleep "1h" end }
return function(req)
  while true do race(req) end
end
