-- expect: deadline
-- Nobody but the gateway unwinds it.
return function(req)
  local one <close> = setmetatable({}, { __close = function() while true do end end })
  while true do end
end
