-- expect: error|denied|memory|deadline
-- A gigabyte by way of pack.
return function(req)
  return #string.pack("c1000000000", "")
end
