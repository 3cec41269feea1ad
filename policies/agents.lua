-- agents.lua: a loop of tool calls keeps its model, and no key leaves in a reply.
-- A session (the header x-perilune-session, or the ids of its tool calls) stays with the model
-- that answered it, for an hour after its last request. Between a tool's call and its result
-- nobody else is asked: while that model is away the client is told to try again (503 and
-- Retry-After). Between two questions another one may take over, and keeps the session then.
-- What streams out is watched: at something that looks like a key the reply ends.
-- Providers without a key are left out; without any, the simulated one answers.
-- To edit: the models, the patterns, the last words.
local p = require "perilune"

local models = { "anthropic/claude-sonnet-4-5", "openai/gpt-4o", "openai/gpt-4o-mini" }
-- Long enough that no "risk-free" is one.
local keys = { "%f[%w]sk%-" .. ("[%w_-]"):rep(20), "%f[%w]ghp_" .. ("%w"):rep(20),
  "%f[%w]AKIA" .. ("[%u%d]"):rep(16) }

-- What fails fast is tried again, since nobody else can go on with a loop; whoever is slow or
-- asks for time has had his try, and the agent is told when to come again.
local at_once = { rate_limited = "decline", timeout_first = "decline", timeout_total = "decline" }

local pinned = { by = "session", keep = "1h" }
for _, name in ipairs(models) do
  if p.has(name:match "^[^/]+") then
    pinned[#pinned + 1] = p.model { name, first = "20s", tries = 3, on = at_once }
  end
end
if not pinned[1] then
  p.log "no key is here: the simulated provider answers"
  pinned[1] = "sim/simulated"
end

local function without_keys(text)
  for _, pattern in ipairs(keys) do
    local at = text:find(pattern)
    if at then return p.cut(text:sub(1, at - 1) .. "[removed: a key]") end
  end
end

local agents = p.sticky("agents", pinned)
local chat = p.filter { agents, with = without_keys, hold = 64 }

return function(req)
  return chat(req) or p.sorry "Please try again in a minute."
end
