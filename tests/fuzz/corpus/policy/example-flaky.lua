-- flaky.lua: upstreams that misbehave on purpose, to see what a ladder makes of it.
-- Run it, send a few requests, and read the x-perilune-path header of each.
local p = require "perilune"

p.provider("busy", { sim = { fails = 503, latency = "100ms" } })
p.provider("mute", { sim = { hangs = true } })
p.provider("torn", { sim = { cuts_after = 0, times = 2 } })

local busy = p.model { "busy/any", as = "busy" }
local mute = p.model { "mute/any", as = "mute", first = "500ms", total = "500ms" }
local torn = p.model { "torn/any", as = "torn" }   -- is well again after two requests

return { busy, mute, torn, "sim/any" }
