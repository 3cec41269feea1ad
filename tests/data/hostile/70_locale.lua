-- expect: denied
-- It would change the numbers of every thread.
return function(req)
  os.setlocale "de_DE.UTF-8"
end
