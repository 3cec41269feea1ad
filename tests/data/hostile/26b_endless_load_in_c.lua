-- expect: load_error
-- One call of the file does not end.
local n = 40
local found = (("a"):rep(n)):find(("a?"):rep(n) .. ("a"):rep(n))
return function() return found end
