-- expect: load_error
-- A file that says nothing.
local x = 1
