-- expect: deadline|memory
-- Much is made and nothing kept.
return function(req)
  local s = ("x"):rep(200000)
  while true do local _ = s .. s .. s .. s end
end
