-- expect: load_error
-- What is declared lies outside of Lua, and has an end too.
local p = require "perilune"
for i = 1, 1000000 do p.provider("x" .. i, "http://127.0.0.1:1/v1") end
return "x1/x"
