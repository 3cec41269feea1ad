-- expect: denied
-- No process is started.
return function(req)
  os.execute "id"
end
