-- expect: denied
-- Each would be as long as the heap is large.
return function(req)
  local kept = {}
  for i = 1, 20000 do kept[i] = { i } end
  while true do collectgarbage() end
end
