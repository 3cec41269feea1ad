-- expect: denied
-- Everything hangs on it.
return function(req)
  return debug.getregistry()
end
