-- quotas.lua: nobody, and not all together, spend more than was said.
-- A request may take 50k tokens, a user 200k in an hour and a million in a day, all users five
-- million in an hour and 500 dollars in a day. What a call may cost at most is put aside before
-- it leaves, and what it did cost is booked when it has ended, so no crowd passes a budget: a
-- long answer is made shorter first, then the cheaper model is asked, and only then is the user
-- told, with 429 and when to come again. At four fifths the log has a line.
-- Providers without a key are left out; without any, the simulated one answers.
-- To edit: the amounts, but = { ... } for whoever has more, the models and what they charge.
local p = require "perilune"

p.prices { -- dollars per million tokens
  ["openai/gpt-4o"] = { input = 2.5, cached = 1.25, output = 10 },
  ["anthropic/claude-sonnet-4-5"] = { input = 3, cached = 0.3, write = 3.75, output = 15 },
  ["openai/gpt-4o-mini"] = { input = 0.15, cached = 0.075, output = 0.6 },
}

local quotas = p.ladder {
  p.budget("request", "50k tokens/request"),
  p.budget("user-hour", { "200k tokens/hour", each = "user", warn = 0.8 }),
  p.budget("user-day", { "1M tokens/day", each = "user", warn = 0.8 }),
  p.budget("global-hour", { "5M tokens/hour", warn = 0.8 }),
  p.budget("global-day", { "500 usd/day", warn = 0.8 }),
}

local names = { "openai/gpt-4o", "anthropic/claude-sonnet-4-5", "openai/gpt-4o-mini" }
local models = {}
for _, name in ipairs(names) do
  if p.has(name:match "^[^/]+") then models[#models + 1] = p.model { name, first = "10s" } end
end
if not models[1] then
  p.log "no key is here: the simulated provider answers"
  models[1] = p.model "sim/simulated"
end
local answered = p.ladder(models)

return function(req)
  return quotas(req)
      or answered(req)
end
