-- expect: deadline
-- Captures are set and given back at every step.
return function(req)
  return (("ab"):rep(4000)):find("(.-)(.-)(.-)%1%2%3c")
end
