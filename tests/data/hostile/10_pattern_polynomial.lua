-- expect: deadline
-- Five lazy runs over a text that never fits.
return function(req)
  return (("a"):rep(2000)):find(".-.-.-.-.-b$")
end
