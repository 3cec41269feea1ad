-- expect: contained
-- A key is held and not read.
local p = require "perilune"
local ask = p.model "sim/x"

return function(req)
  local seen = {}
  local function walk(v)
    if seen[v] then return end
    seen[v] = true
    assert(not tostring(v):find "/root", "a value of the environment")
    if type(v) == "table" then for k, x in next, v do walk(k) walk(x) end end
  end
  walk(p) walk(req) walk(req.headers) walk(ask)
  assert(req.headers.authorization == nil)
  return p.say "well"
end
