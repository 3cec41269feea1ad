-- expect: load_error
-- Only http and https.
local p = require "perilune"
p.provider("inner", "file:///etc/passwd")
return "inner/x"
