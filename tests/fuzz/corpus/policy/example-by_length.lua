-- by_length.lua: long questions go to the strong model, short ones to the cheap one.
-- While the strong one is down, the cheap one answers everything.
local p = require "perilune"

local strong = p.model { "openai/gpt-4o", as = "strong", first = "10s" }
local cheap = p.model { "openai/gpt-4o-mini", as = "cheap", first = "5s" }

local function long(req) return #(req.text or "") > 2000 end

return function(req)
  return long(req) and strong(req)
      or cheap(req)
      or p.sorry "Neither model answers at the moment."
end
