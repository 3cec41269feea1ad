-- teams.lua: each team its models and its purse; an admin passes both; the company's purse holds
-- for all. Whose team it is, and who is an admin, a client's key says:
--     perilune keys add --user ada --team gold
local p = require "perilune"

p.provider("local", "http://127.0.0.1:8000/v1")

local allow   = p.allow { gold = { "openai/*", "anthropic/*" }, ["*"] = { "openai/gpt-4o-mini" } }
local purse   = p.budget("team-purse",
                         { "5 usd/day", each = "team", but = { gold = "500 usd/day" } })
local company = p.budget("company", "2000 usd/day")
local asked   = p.asked { "openai/*", "anthropic/*", first = "10s" }  -- the model the client named
local free    = p.model { "local/llama-3.1-8b", free = true }         -- charged to nobody

return function(req)
  local admin = req.key and req.key.admin
  return not admin and allow(req)
      or company(req)
      or not admin and purse(req) and free(req)      -- the purse says no: our own machine answers
      or asked(req)
      or free(req)
end
