-- expect: load_error
-- What is read at load has an end.
local p = require "perilune"
while true do p.file "bad.lua" end
