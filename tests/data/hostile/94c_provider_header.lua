-- expect: load_error
-- A header of a provider is one header.
local p = require "perilune"
p.provider("a", { url = "http://127.0.0.1:1/v1", headers = { ["x-a"] = "1\r\nX-B: 2" } })
return "a/x"
