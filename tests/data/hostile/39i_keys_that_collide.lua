-- expect: deadline|memory
-- Whole numbers chosen so that they fall on one place when the table grows.
return function(req)
  local t, step = {}, (1 << 18) - 1
  for i = 1, (1 << 17) + 1 do t[i * step] = true end
end
