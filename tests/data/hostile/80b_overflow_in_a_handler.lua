-- expect: error|memory|deadline|bad_return
-- Handlers that overflow.
return function(req)
  local function down() return down() + 1 end
  return xpcall(down, function() return down() end)
end
