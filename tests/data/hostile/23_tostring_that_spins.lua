-- expect: deadline
-- A conversion that never comes back.
return function(req)
  return ("%s"):format(setmetatable({}, { __tostring = function() while true do end end }))
end
