-- expect: memory|deadline
-- Twice as long each time.
return function(req)
  local s = "x"
  while true do s = s .. s end
end
