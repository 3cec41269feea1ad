-- expect: denied
-- Who could stop the collector could fill the heap.
return function(req)
  collectgarbage "stop"
  local t = {}
  while true do t[#t + 1] = {} end
end
