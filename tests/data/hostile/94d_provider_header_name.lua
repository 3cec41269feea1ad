-- expect: load_error
-- And has a name.
local p = require "perilune"
p.provider("a", { url = "http://127.0.0.1:1/v1", headers = { ["x-a: 1\r\nb"] = "1" } })
return "a/x"
