-- expect: denied|deadline
-- As many as are let through, again and again.
return function(req)
  while true do table.move({}, 1, 1 << 24, 2) end
end
