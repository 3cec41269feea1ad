-- expect: load_error
-- Nor one from the root.
require "/etc/passwd"
return function() end
