-- expect: error|memory|deadline
-- The same by way of __index functions and __concat.
return function(req)
  local mt = {}
  mt.__index = function(t, k) return t[k .. "x"] end
  mt.__concat = function(a, b) return a .. b end
  return setmetatable({}, mt).y
end
