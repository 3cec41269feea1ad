-- expect: denied
-- The same downwards.
return function(req)
  local t = setmetatable({}, { __len = function() return math.maxinteger // 2 end })
  return table.remove(t, 1)
end
