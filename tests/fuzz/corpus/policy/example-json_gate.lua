-- json_gate.lua: whoever asks for JSON gets JSON, or the next model is asked.
-- accept reads the reply before the client does; a refused one is told as `rejected`.
local p = require "perilune"

local function wants_json(req)
  local format = req.params.response_format
  return format ~= nil and format.type ~= "text"
end

local function sound(reply, req)
  return not wants_json(req) or reply:json() ~= nil
end

local small = p.model { "openai/gpt-4o-mini", as = "small" }
local large = p.model { "openai/gpt-4o", as = "large" }

return {
  { small, accept = sound },
  { large, accept = sound },
  p.refuse(502, "No model gave valid JSON."),
}
