-- expect: deadline
-- Linear functions, one after another.
return function(req)
  local s = ("x"):rep(8000000)
  while true do
    local _ = s:upper(), s:reverse(), utf8.len(s), s:find("y", 1, true)
  end
end
