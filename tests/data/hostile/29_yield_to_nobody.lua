-- expect: error
-- A policy waits by its library only.
return function(req)
  coroutine.yield("gone")
end
