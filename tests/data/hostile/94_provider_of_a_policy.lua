-- expect: load_error
-- An address is checked when it is declared.
local p = require "perilune"
p.provider("inner", "http://169.254.169.254/latest\r\nHost: x")
return "inner/x"
