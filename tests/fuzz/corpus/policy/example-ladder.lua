-- ladder.lua: one model after the other, until somebody answers.
-- A rung that fails declines and the next one is tried; the client sees none of it.
local p = require "perilune"

local large = p.model { "anthropic/claude-sonnet-4-5", as = "large", first = "10s", tries = 2 }
local small = p.model { "openai/gpt-4o-mini", as = "small", first = "5s" }

return { large, small, p.sorry "We are busy. Please try again in a minute." }
