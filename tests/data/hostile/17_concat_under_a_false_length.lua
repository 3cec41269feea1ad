-- expect: denied
-- Joins what is made up on the way.
return function(req)
  local t = setmetatable({}, { __len = function() return 1 << 40 end,
    __index = function() return "" end })
  return table.concat(t)
end
