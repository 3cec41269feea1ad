-- expect: deadline|memory|error
-- Numbers packed and unpacked without pause.
return function(req)
  local f = ("d"):rep(5000)
  while true do string.unpack(f, ("x"):rep(40000)) end
end
