-- expect: denied
-- Nothing is allocated, a thousand million times.
return function(req)
  return #string.rep("", 1000000000)
end
