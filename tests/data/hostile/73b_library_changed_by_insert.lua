-- expect: denied
-- Nor by a function that writes.
return function(req)
  table.insert(math, 1, "x")
end
