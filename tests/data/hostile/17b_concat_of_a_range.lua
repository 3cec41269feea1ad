-- expect: error
-- A range without end and nothing in it.
return function(req)
  return table.concat({}, "", 1, math.maxinteger)
end
