-- expect: denied
-- Metamethods that are functions of C have no instructions to count.
return function(req)
  local t = setmetatable({}, { __len = function() return 1 << 30 end,
    __index = math.abs, __newindex = rawequal })
  table.sort(t)
end
