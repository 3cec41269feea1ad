-- expect: error
-- The metatable of texts is nobody's.
return function(req)
  getmetatable("").__index = function() return function() return "owned" end end
end
