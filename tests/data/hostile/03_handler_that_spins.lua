-- expect: deadline
-- The handler of an error would run where the hook does not.
return function(req)
  local function spin() while true do end end
  while true do xpcall(spin, spin) end
end
