-- breaker.lua: a model that fails is left alone; one request at a time finds out if it is back.
-- The ladder for searches is guarded as a whole, too, under a name of its own.
local p = require "perilune"

local large = p.model { "openai/gpt-4o", breaker = { failures = 3, open = "1min", slow = "8s" } }
local search = p.breaker("search", {
  { "perplexity/sonar", "gemini/gemini-2.5-flash" },
  failures = 2,
})

return function(req)
  return (req.text or ""):find "^search" and search(req)
      or large(req)
      or p.sorry "Please come back later."
end
