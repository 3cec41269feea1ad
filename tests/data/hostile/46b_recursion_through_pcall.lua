-- expect: error|deadline|memory|bad_return
-- The same by way of pcall.
return function(req)
  local function down(n) return pcall(down, n + 1) end
  return down(1)
end
