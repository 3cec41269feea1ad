-- expect: error
-- A limit is a whole number of at least one.
local p = require "perilune"
local ask = p.model "sim/x"

return function(req)
  return ask(req:with { max_tokens = {} })
end
