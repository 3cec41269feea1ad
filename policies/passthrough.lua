-- passthrough.lua: the model the client named, at its provider, and nothing else.
-- Each request is asked once: no other model, no second try, no breaker. A failure is told as
-- it is, with the provider's status. Our patience is the gateway's (`serve --deadline`), since
-- nobody else could answer. With no key at all the simulated provider plays every model.
-- To edit: the services, or patterns such as "openai/gpt-4o*" to offer less of one.
local p = require "perilune"

local services = { "openai", "anthropic", "gemini", "mistral", "groq", "deepseek", "xai",
  "openrouter", "together", "fireworks", "perplexity", "cerebras", "sambanova", "deepinfra",
  "nebius", "novita", "hyperbolic", "lambda", "siliconflow", "moonshot", "zhipu", "dashscope",
  "hunyuan", "nvidia", "huggingface", "github", "cohere" }

local offered = { first = "120s", total = "120s", tries = 1, breaker = false }
for _, service in ipairs(services) do
  if p.has(service) then offered[#offered + 1] = service .. "/*" end
end

local keyless = #offered == 0
if keyless then p.log "no key is here: the simulated provider answers" end
offered[#offered + 1] = "sim/*"
local asked = p.asked(offered)

-- "claude-sonnet-4-5" means "anthropic/claude-sonnet-4-5".
local function full(name)
  if keyless then return "sim/" .. name:match "[^/]+$" end
  local service = name:find "^claude" and "anthropic"
      or name:find "^gemini" and "gemini"
      or "openai"
  return name:find("/", 1, true) and name or service .. "/" .. name
end

return function(req)
  return asked(req.model and req:with { model = full(req.model) } or req)
end
