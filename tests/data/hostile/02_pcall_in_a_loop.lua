-- expect: deadline
-- Each error is caught and tried again.
return function(req)
  while true do
    pcall(function() repeat until false end)
  end
end
