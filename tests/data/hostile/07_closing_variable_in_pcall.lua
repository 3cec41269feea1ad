-- expect: deadline
-- It runs while the end of another is on its way.
return function(req)
  local mt = { __close = function() while true do end end }
  while true do
    pcall(function()
      local one <close> = setmetatable({}, mt)
      while true do end
    end)
  end
end
