-- balanced.lua: one model at several places, which share the work.
-- Whose first tokens come sooner gets more of it. Who fails hands over and is left alone until
-- it answers again: after five failures in a row one request a minute finds out. Nobody waits
-- for a rate limit: another place answers. When a stream has said nothing for three seconds
-- the stand-in is asked too, and the first to speak is heard; it answers, too, when all places
-- are away. Places without a key are left out; without any, the simulated provider answers.
-- To edit: the places, which must have the same model, and the stand-in, which need not.
local p = require "perilune"

local places = {
  "groq/llama-3.3-70b-versatile",
  "together/meta-llama/Llama-3.3-70B-Instruct-Turbo",
  "fireworks/accounts/fireworks/models/llama-v3p3-70b-instruct",
  "deepinfra/meta-llama/Llama-3.3-70B-Instruct",
}
local stand_in = p.model { "openai/gpt-4o-mini", first = "10s" }

local function has_key(name) return p.has(name:match "^[^/]+") end

local group = { by = "latency", eject_last = true }
for _, name in ipairs(places) do
  if has_key(name) then
    group[#group + 1] = p.model { name, first = "5s", breaker = { failures = 5, open = "1min" } }
  end
end
if not group[1] and not p.has "openai" then
  p.log "no key is here: the simulated provider answers"
  stand_in = p.model "sim/simulated"
end

local same = group[1] and p.balance(group) or stand_in
local in_turn = p.ladder { same, stand_in }
local hedged = p.hedge { same, stand_in, after = "3s" }

return function(req)
  -- A whole reply may well take longer than three seconds, so only streams are hedged.
  local ask = req.stream and hedged or in_turn
  return ask(req) or p.sorry "All our models are busy. Please try again in a minute."
end
