-- expect: memory|deadline
-- One more, and one more.
return function(req)
  local t = {}
  while true do t[#t + 1] = { #t, tostring(#t) } end
end
