-- hedge.lua: who is slow gets company.
-- One first token in twenty takes much longer than the others. When it is late, the same question
-- goes to somebody else too; the first to speak is heard, the other one is hung up on.
local p = require "perilune"

local usual = p.model { "openai/gpt-4o-mini", first = "10s" }
local other = p.model { "groq/llama-3.3-70b-versatile", as = "other", first = "5s" }

return {
  p.hedge { usual, other, after = "p95" },
  p.sorry "We are busy. Please try again in a minute.",
}
