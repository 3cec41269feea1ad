-- expect: contained
-- What has no text is shown by its kind.
local p = require "perilune"
local print

return function(req)
  for _, v in ipairs { pairs, {}, print == nil, req, p, p.say "x", p.json.null, function() end } do
    assert(not tostring(v):find "0x", "an address")
    assert(not ("%s"):format(v):find "0x", "an address")
  end
  return p.say "well"
end
