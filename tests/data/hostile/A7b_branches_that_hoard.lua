-- expect: memory
-- Each holds less than a request may; all of them more.
local p = require "perilune"
local large = ("x"):rep(2 ^ 20)
local function hoards()
  local t = {}
  for i = 1, 3 do
    t[i] = large .. large .. large .. i
    p.sleep "0s"
  end
  p.sleep "1h"
  return t
end
return p.race { hoards, hoards, hoards, hoards, hoards, hoards }
