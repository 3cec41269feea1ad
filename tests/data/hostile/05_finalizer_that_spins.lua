-- expect: denied
-- No hook looks while a finalizer runs.
return function(req)
  for _ = 1, 8 do setmetatable({}, { __gc = function() while true do end end }) end
end
