-- expect: error
-- It is out of reach.
return function(req)
  local mt = getmetatable(req)
  mt.__index = function() return "stolen" end
end
