-- expect: error|memory
-- More results than a stack has room for.
return function(req)
  return table.unpack({}, 1, 100000000)
end
