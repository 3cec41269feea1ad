-- expect: deadline
-- Called from inside of C.
return function(req)
  table.sort({ 5, 3, 4 }, function() while true do end end)
end
