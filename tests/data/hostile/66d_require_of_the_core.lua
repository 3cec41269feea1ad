-- expect: load_error
-- What is behind the library is the library's.
require "perilune.core"
return function() end
