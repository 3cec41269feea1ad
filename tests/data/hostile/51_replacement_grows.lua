-- expect: memory|deadline
-- Every byte becomes a thousand.
return function(req)
  local s = ("a"):rep(100000)
  return #s:gsub("a", ("b"):rep(1000))
end
