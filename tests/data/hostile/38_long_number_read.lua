-- expect: deadline|error
-- A text of zeros is read as a number by an operator.
return function(req)
  local s = ("0"):rep(8000000) .. "1"
  while true do local _ = s | 1 end
end
