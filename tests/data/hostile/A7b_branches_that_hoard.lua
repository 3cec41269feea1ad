-- expect: memory
-- Each holds less than a request may; all of them more.
local p = require "perilune"
local function hoards()
  local t = {}
  for i = 1, 64 do
    t[i] = ("x"):rep(2 ^ 19 + i)
    p.sleep "0s"
  end
  p.sleep "1h"
  return t
end
return p.race { hoards, hoards, hoards, hoards, hoards, hoards }
