-- expect: memory|deadline
-- The heap is full and every instruction wants more.
return function(req)
  local kept = {}
  pcall(function() while true do kept[#kept + 1] = { {}, {} } end end)
  while true do
    pcall(string.rep, "x", 32000000)
    pcall(function() kept[#kept + 1] = { {}, {}, {} } end)
  end
end
