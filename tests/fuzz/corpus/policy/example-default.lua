-- default.lua: what answers while nobody has written a policy.
-- A key in the environment opens its provider; without any key, `sim` plays them all.
-- A failure is told as it is, so that clients see what their provider said.
local p = require "perilune"

local services = { "openai", "anthropic", "gemini", "mistral", "groq", "deepseek", "xai",
  "openrouter", "together", "fireworks", "perplexity", "cerebras", "sambanova", "deepinfra",
  "nebius", "novita", "hyperbolic", "lambda", "siliconflow", "moonshot", "zhipu", "dashscope",
  "hunyuan", "nvidia", "cohere" }

local offered = {}
for _, service in ipairs(services) do
  if p.has(service) then offered[#offered + 1] = service .. "/*" end
end

if #offered == 0 then
  local sim = p.model "sim/simulated"
  return function(req)
    local name = req.model or "simulated"
    return sim:ask(req, name:match "^sim/(.+)" or name)
  end
end

offered[#offered + 1] = "sim/*"
local asked = p.asked(offered)

-- "claude-sonnet-4-5" means "anthropic/claude-sonnet-4-5".
local function full(name)
  local service = name:find "^claude" and "anthropic"
      or name:find "^gemini" and "gemini"
      or "openai"
  return name:find("/", 1, true) and name or service .. "/" .. name
end

return function(req)
  local named = req.model and req:with { model = full(req.model) } or req
  return asked(named)
end
