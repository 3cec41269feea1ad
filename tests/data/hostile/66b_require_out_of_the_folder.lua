-- expect: load_error
-- A name is no path.
require "../../../../etc/passwd"
return function() end
