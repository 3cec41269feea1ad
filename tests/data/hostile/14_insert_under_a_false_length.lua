-- expect: denied
-- A length that is not there is shifted item by item.
return function(req)
  local t = setmetatable({}, { __len = function() return math.maxinteger // 2 end })
  table.insert(t, 1, "x")
end
