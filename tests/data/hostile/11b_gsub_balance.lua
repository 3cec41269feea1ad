-- expect: deadline
-- The same in one call.
return function(req)
  return (("["):rep(300000)):gsub("%b[]", "")
end
