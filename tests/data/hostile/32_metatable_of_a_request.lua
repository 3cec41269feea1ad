-- expect: denied
-- A request keeps the metatable it has.
return function(req)
  setmetatable(req, { __index = function() while true do end end })
end
