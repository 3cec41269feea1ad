-- expect: deadline|memory|bad_return
-- The mode is set when the table has its metatable already.
return function(req)
  local mt, keys = {}, {}
  local t = setmetatable({}, mt)
  mt["__mo" .. "de"] = "k"
  for i = 1, 30000 do keys[i] = {} end
  for i = #keys, 2, -1 do
    local j = math.random(i)
    keys[i], keys[j] = keys[j], keys[i]
  end
  for i = 1, #keys - 1 do t[keys[i]] = keys[i + 1] end
  local first = keys[1]
  keys = nil
  local s = {}
  for i = 1, 100000 do s[1] = { i } end
  return first
end
