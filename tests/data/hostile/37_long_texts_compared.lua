-- expect: deadline
-- One instruction, sixteen million bytes.
return function(req)
  local a, b = ("x"):rep(6000000), ("x"):rep(5999999) .. "x"
  while true do local _ = a == b end
end
