-- expect: load_error
-- A file beside the policy, and no other.
local p = require "perilune"
p.file "../outside.txt"
return function() end
