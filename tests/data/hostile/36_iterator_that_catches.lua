-- expect: deadline
-- The loop asks, the iterator catches.
return function(req)
  local function nothing() pcall(function() while true do end end) return 1 end
  for _ in nothing do end
end
