-- expect: error|memory|deadline
-- A stack that overflows while it tells of an overflow (CVE-2022-33099).
return function(req)
  local function down() return down() + 1 end
  local mt = { __index = function(t, k) return t[k .. "x"] end }
  pcall(down)
  local _, why = pcall(function() return setmetatable({}, mt).y .. {} end)
  error(why)
end
