-- expect: denied
-- Nor are its warnings.
return function(req)
  warn "@on"
end
