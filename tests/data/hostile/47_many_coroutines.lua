-- expect: error
-- There are none.
return function(req)
  local t = {}
  while true do t[#t + 1] = coroutine.create(function() end) end
end
