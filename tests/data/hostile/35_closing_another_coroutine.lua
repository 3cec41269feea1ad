-- expect: error
-- There is none to close.
return function(req)
  local co = coroutine.create(function() end)
  while true do coroutine.close(co) end
end
