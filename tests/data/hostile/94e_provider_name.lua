-- expect: load_error
-- So has a provider.
local p = require "perilune"
p.provider("a\r\nx: y", "http://127.0.0.1:1/v1")
return "a/x"
