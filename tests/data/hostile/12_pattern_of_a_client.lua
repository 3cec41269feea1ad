-- expect: deadline
-- What a client sent is used as a pattern.
return function(req)
  local sent = ("x*"):rep(30) .. "y"
  return (("x"):rep(400)):find(sent)
end
