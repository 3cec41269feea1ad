-- ladder.lua: a full answer, or a simpler one, or a written one, or an apology.
-- One step below the other, and each is taken only when all above it have declined; the path
-- in the log and in x-perilune-path says which one answered. A model that failed five times in
-- a row is passed over for a minute. What lies in the request (bad, filtered) is told as it is.
-- The simpler models get the newest turns of a long conversation, so one that is too long for
-- the full ones is answered there. Providers without a key are left out; without any, the
-- simulated one answers. The written answers are in faq.json, beside this file.
-- To edit: the models of both steps, faq.json, the apology.
local p = require "perilune"

local full = { "openai/gpt-4o", "anthropic/claude-sonnet-4-5" }
local simpler = { "openai/gpt-4o-mini", "groq/llama-3.1-8b-instant" }

-- Another try is for what fails fast; whoever is slow or asks for time has had his.
local at_once = { rate_limited = "decline", timeout_first = "decline", timeout_total = "decline" }

-- The models whose provider has a key.
local function declared(names, first, tries)
  local models = {}
  for _, name in ipairs(names) do
    if p.has(name:match "^[^/]+") then
      models[#models + 1] = p.model { name, first = first, tries = tries, on = at_once,
        breaker = { failures = 5, open = "1min" } }
    end
  end
  return models
end

full, simpler = declared(full, "10s", 3), declared(simpler, "5s", 1)
if not full[1] and not simpler[1] then
  p.log "no key is here: the simulated provider answers"
  full[1] = p.model "sim/simulated"
end

local steps = full
if simpler[1] then steps[#steps + 1] = p.trim { simpler, to = "16k tokens" } end
steps[#steps + 1] = p.faq "faq.json"
local answered = p.ladder(steps)

return function(req)
  return answered(req)
      or p.sorry "We are experiencing high demand. Please try again in a minute."
end
