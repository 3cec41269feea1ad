-- expect: denied
-- What is compiled later is not what was read.
return function(req)
  return load("return os")()
end
