-- expect: error
-- There are none.
return function(req)
  local function nest(n)
    local co = coroutine.create(function() local _ <close> = nest(n + 1) coroutine.yield() end)
    coroutine.resume(co)
    return setmetatable({}, { __close = function() coroutine.close(co) end })
  end
  nest(1)
end
