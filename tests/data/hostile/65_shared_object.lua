-- expect: denied
-- No library is loaded.
return function(req)
  return package.loadlib("libc.so.6", "system")
end
