-- expect: contained
-- Messages quote no address.
local p = require "perilune"

return function(req)
  local function said(f, ...)
    local _, why = pcall(f, ...)
    assert(not tostring(why):find "0x", why)
  end
  said(function() return _ENV[{}] end)
  said(function() _ENV[{}] = 1 end)
  said(function() req[{}] = {} end)
  said(function() return req[{}] end)
  said(function() string[{}] = 1 end)
  said(function() return p[{}] end)
  said(function() return {} .. {} end)
  said(function() return {} < {} end)
  said(function() return #pairs end)
  said(error, {})
  said(p.say, {})
  said(p.refuse, {}, {})
  said(p.json.encode, { [{}] = 1 })
  said(p.json.encode, pairs)
  said(table.concat, { {} })
  said(string.rep, {})
  said(string.gsub, "a", "a", pairs)
  said(req.with, req, { model = {} })
  return p.say "well"
end
