-- expect: error
-- Two tables that look things up in one another.
return function(req)
  local a, b = {}, {}
  setmetatable(a, { __index = b })
  setmetatable(b, { __index = a })
  return a.nothing
end
