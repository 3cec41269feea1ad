-- expect: error|contained|bad_return|denied
-- Once miscompiled (CVE-2022-28805).
return function(req)
  local function f()
    local _ENV <const> = {}
    x = 1
    local a = _ENV.x
    return a.b.c
  end
  return f()
end
