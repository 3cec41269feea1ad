-- expect: deadline
-- Called from inside of gsub.
return function(req)
  return (("ab"):gsub(".", function() while true do end end))
end
