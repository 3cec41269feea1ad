-- expect: denied|error
-- Copies nothing to nowhere for ever.
return function(req)
  table.move({}, 1, math.maxinteger - 1, 2)
end
