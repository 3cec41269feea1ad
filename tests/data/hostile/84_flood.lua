-- expect: denied
-- The gateway's output is not the policy's.
return function(req)
  for i = 1, 100000 do print("spam", i) end
end
