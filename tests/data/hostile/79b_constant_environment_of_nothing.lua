-- expect: error
-- The same where it crashed: a constant that is no table.
return function(req)
  local _ENV <const> = 11
  return y
end
