-- expect: error
-- There are no coroutines, so none can catch the end of another.
return function(req)
  while true do
    coroutine.wrap(function() while true do end end)()
  end
end
