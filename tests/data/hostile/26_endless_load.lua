-- expect: load_error
-- The file itself does not end.
while true do end
return function() end
