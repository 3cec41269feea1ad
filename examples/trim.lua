-- trim.lua: a long conversation is asked whole, then of a smaller window without its oldest turns;
-- what is asked often has a written answer when no model is there.
-- A message that begins with "Remember:" stays, however old it is.
local p = require "perilune"

local function remembered(message)
  return type(message.content) == "string" and message.content:find "^Remember:" ~= nil
end

local large = p.model { "openai/gpt-4.1", first = "10s" }
local small = p.trim { "groq/llama-3.1-8b-instant", to = "6k tokens", pin = remembered,
  note = "[Earlier messages are left out.]" }

return { large, small, p.faq "faq.json", p.sorry "We are busy. Please try again in a minute." }
