-- expect: deadline
-- The same by way of the string metatable.
return function(req)
  local s = ("0"):rep(8000000) .. "1"
  while true do local _ = s + 1 end
end
