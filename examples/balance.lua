-- balance.lua: two places with the same model share the work; whoever is faster gets more of it.
-- One that fails hands over to the other, and is left alone until it answers again.
local p = require "perilune"

local same = p.balance {
  { "openai/gpt-4o", first = "5s" },
  { "openrouter/gpt-4o", first = "5s" },
  by = "latency",
  eject_last = true, -- with both of them gone, on to the next line at once
}

return { same, "anthropic/claude-sonnet-4-5", p.sorry "We are busy. Please try again in a minute." }
