-- expect: deadline
-- Every open bracket looks for its mate to the end.
return function(req)
  for _ in (("("):rep(300000)):gmatch("%b()") do end
end
