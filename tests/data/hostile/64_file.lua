-- expect: denied
-- No file is opened.
return function(req)
  return io.open("/etc/passwd"):read "a"
end
