-- expect: denied
-- One that puts a new one in its place.
return function(req)
  local mt = {}
  mt.__gc = function() setmetatable({}, mt) end
  setmetatable({}, mt)
end
