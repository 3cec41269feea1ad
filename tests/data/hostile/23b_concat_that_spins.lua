-- expect: deadline
-- An operator that never comes back.
return function(req)
  return setmetatable({}, { __concat = function() while true do end end }) .. "x"
end
