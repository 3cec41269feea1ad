-- expect: denied
-- No program is read from.
return function(req)
  return io.popen "id"
end
