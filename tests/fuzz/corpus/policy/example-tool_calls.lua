-- tool_calls.lua: who offers tools is answered by a model that is good at calling them.
-- The tool calls themselves pass through untouched, streamed or not.
local p = require "perilune"

local caller = p.model { "openai/gpt-4o", as = "caller", first = "15s", tries = 2 }
local talker = p.model { "groq/llama-3.1-8b-instant", as = "talker", first = "3s" }

local function offers_tools(req) return req.tools ~= nil and #req.tools > 0 end

return {
  { caller, when = offers_tools },
  { talker, when = function(req) return not offers_tools(req) end },
  caller,
}
