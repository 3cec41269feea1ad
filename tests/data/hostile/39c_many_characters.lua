-- expect: deadline|memory|error
-- As many results and arguments as there may be.
return function(req)
  local s = ("x"):rep(200000)
  while true do string.char(s:byte(1, 200000)) end
end
