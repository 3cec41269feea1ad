-- expect: denied
-- Weak keys that lead from one to the next cost a collection that is quadratic.
return function(req)
  local t, k = setmetatable({}, { __mode = "k" }), {}
  for _ = 1, 100000 do
    local n = {}
    t[k], k = n, n
  end
end
