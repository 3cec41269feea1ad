-- expect: denied
-- No other file is compiled.
return function(req)
  return loadfile "/etc/passwd"
end
