-- expect: load_error
-- A key is one value.
local p = require "perilune"
p.provider("a", { url = "http://127.0.0.1:1/v1", key = "k\r\nX-B: 2" })
return "a/x"
