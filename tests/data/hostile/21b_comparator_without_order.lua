-- expect: deadline|bad_return
-- No order at all, over a long list.
return function(req)
  local t = {}
  for i = 1, 200000 do t[i] = i end
  while true do table.sort(t, function() return true end) end
end
