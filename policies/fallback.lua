-- fallback.lua: a chain over three providers, and an apology at its end.
-- While one of them answers, no client sees an error of another. A glitch is tried once more
-- within a second; a rate limit, or ten seconds without a first token, means the next one at
-- once. What lies in the request (bad, filtered) is told as it is; one too long for a model
-- goes to the next. Providers without a key are left out; without any, the simulated one answers.
-- To edit: the models and their order, the patience, the words of the apology.
local p = require "perilune"

local chain = { "openai/gpt-4o", "anthropic/claude-sonnet-4-5", "gemini/gemini-2.5-flash" }

-- A second try is for what fails fast; whoever is slow or asks for time has had his.
local at_once = { rate_limited = "decline", timeout_first = "decline", timeout_total = "decline" }

local rungs = {}
for _, name in ipairs(chain) do
  if p.has(name:match "^[^/]+") then
    rungs[#rungs + 1] = p.model { name, first = "10s", tries = 2, on = at_once }
  end
end
if not rungs[1] then
  p.log "no key is here: the simulated provider answers"
  rungs[1] = "sim/simulated"
end

local answered = p.ladder(rungs)

return function(req)
  return answered(req)
      or req.fault.kind ~= "context_too_long" -- the client can help that one: it is told
      and p.sorry "We are experiencing high demand. Please try again in a minute."
end
