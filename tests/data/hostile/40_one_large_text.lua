-- expect: denied|memory
-- A gigabyte in one call.
return function(req)
  return #(("y"):rep(1 << 30))
end
