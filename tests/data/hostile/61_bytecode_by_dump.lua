-- expect: denied
-- A function as bytes could come back changed.
return function(req)
  return string.dump(function() return 1 end)
end
