-- expect: denied
-- No other file is run.
return function(req)
  return dofile "/etc/passwd"
end
