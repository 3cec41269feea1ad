-- expect: deadline
-- Each handler fails into the next.
return function(req)
  local function spin() while true do end end
  local function deep(n)
    return xpcall(spin, function() return deep(n + 1) end)
  end
  while true do deep(1) end
end
