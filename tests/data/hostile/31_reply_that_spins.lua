-- expect: bad_return
-- What is returned is not asked for anything.
return function(req)
  local function spin() while true do end end
  return setmetatable({}, { __index = spin, __len = spin, __call = spin, __tostring = spin,
    __name = "reply" })
end
