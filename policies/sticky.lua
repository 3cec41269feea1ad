-- sticky.lua: a conversation keeps its model.
-- Tone, skills and prompt caches belong to a model, so whoever began a conversation goes on with
-- it, for a day after its last request. When that model is away, another one takes over and
-- keeps it. Which conversation it is, the client says with a header x-perilune-session; of one
-- that does not, all that the same user says is one conversation; of one that says neither, each
-- request begins at the first model. Providers without a key are left out; without any, the
-- simulated one answers.
-- To edit: the models, whom to know a conversation by, how long it is kept.
local p = require "perilune"

local models = { "anthropic/claude-sonnet-4-5", "openai/gpt-4o", "gemini/gemini-2.5-pro" }

local function conversation(req)
  return req.session or req.user ~= "anonymous" and "user " .. req.user or nil
end

-- A second try is for what fails fast; whoever is slow or asks for time has had his.
local at_once = { rate_limited = "decline", timeout_first = "decline", timeout_total = "decline" }

local pinned = { by = conversation, keep = "1d" }
for _, name in ipairs(models) do
  if p.has(name:match "^[^/]+") then
    pinned[#pinned + 1] = p.model { name, first = "10s", tries = 2, on = at_once }
  end
end
if not pinned[1] then
  p.log "no key is here: the simulated provider answers"
  pinned[1] = "sim/simulated"
end

return {
  p.sticky("conversations", pinned),
  p.sorry "Our models are busy. Please try again in a minute.",
}
