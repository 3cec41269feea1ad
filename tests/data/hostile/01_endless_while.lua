-- expect: deadline
-- The plainest loop there is.
return function(req)
  local n = 0
  while true do n = n + 1 end
end
