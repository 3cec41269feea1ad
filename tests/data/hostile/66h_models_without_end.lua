-- expect: load_error
-- So do models.
local p = require "perilune"
for i = 1, 10000000 do p.model("sim/x" .. i) end
return "sim/x1"
