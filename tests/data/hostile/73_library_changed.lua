-- expect: denied
-- A library is the same for every policy.
return function(req)
  string.upper = function() return "owned" end
end
