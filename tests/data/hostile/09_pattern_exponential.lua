-- expect: deadline
-- Each optional item doubles the work.
return function(req)
  local n = 32
  return (("a"):rep(n)):match(("a?"):rep(n) .. ("a"):rep(n) .. "$")
end
