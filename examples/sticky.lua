-- sticky.lua: a conversation stays with the model that began it, above all in a loop of tool calls.
-- Who asks says which conversation it is: a header x-perilune-session. Without one the ids of the
-- tool calls tell. Between a call and its result no other model is asked: the client tries again.
local p = require "perilune"

local agents = p.sticky("agents", { "anthropic/claude-sonnet-4-5", "openai/gpt-4o",
  by = "session", keep = "1h" })

return function(req)
  return agents(req) or p.sorry "Please try again in a minute."
end
