-- expect: error|memory|deadline
-- A frame for each call, for ever.
return function(req)
  local function down(n) return 1 + down(n + 1) end
  return down(1)
end
