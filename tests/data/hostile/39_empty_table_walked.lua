-- expect: deadline
-- The next of an emptied table is far away.
return function(req)
  local t = {}
  for i = 1, 500000 do t[i] = true end
  for i = 1, 500000 do t[i] = nil end
  while true do next(t) end
end
