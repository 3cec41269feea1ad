-- expect: memory|deadline
-- Small in the list, huge when it is joined.
return function(req)
  local s, t = ("x"):rep(1 << 20), {}
  for i = 1, 50000 do t[i] = s end
  return #table.concat(t)
end
