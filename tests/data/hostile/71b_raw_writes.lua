-- expect: denied
-- What is read-only would not be.
return function(req)
  rawset(string, "upper", 1)
end
