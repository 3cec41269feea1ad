-- free_first.lua: what costs nothing stands above the budget.
local p = require "perilune"

local answers = p.faq "questions.json"
local daily = p.budget("daily", { "400 tokens/day", each = "user" })
local large = p.model "openai/gpt-4o"

return function(req)
  return answers(req) or daily(req) or large(req)
end
