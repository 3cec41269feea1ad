-- expect: deadline|memory|error
-- All arguments are passed on, one by one.
return function(req)
  local t = {}
  for i = 1, 100000 do t[i] = i end
  local function sum(...)
    local n = 0
    for i = 1, select("#", ...) do n = n + (select(i, ...)) end
    return n
  end
  while true do sum(table.unpack(t)) end
end
