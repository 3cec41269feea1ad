-- expect: contained|deadline
-- There is a cap of attempts.
local p = require "perilune"
local ask = p.model "sim/x"

return function(req)
  while ask(req) do end
  return p.say "well"
end
