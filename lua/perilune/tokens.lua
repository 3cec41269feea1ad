-- perilune.tokens -- p.tokens: how many tokens something is, for a model.
--
--     local n, exact = p.tokens(req.text, "openai/gpt-4o")
--     if p.tokens(req, small) > 8000 then ... end
--
-- `exact` is false where it is an estimate: the model's vocabulary is not there,
-- or there are tools or pictures, of which nobody says what they cost.

local core = require "perilune.core"
local show = require "perilune.show"

local tokens = {}

local function name_of(model)
  if model == nil or type(model) == "string" then return model end
  if core.kind(model) == "model" then return model.name end
  core.raise("tokens: the second item is a model or its name, not " .. show.value(model))
end

local function check_messages(t)
  for i, message in ipairs(t) do
    if type(message) ~= "table" then
      core.raise(("tokens: message %d is %s, not a table such as %s")
        :format(i, show.value(message), '{ role = "user", content = "..." }'))
    end
  end
  if t[1] == nil then
    core.raise "tokens: a list of messages has at least one; is it in braces of its own?"
  end
end

--- p.tokens: tokens of a text, of a list of messages or of a request, and
-- whether they were counted or estimated. Without a model: its own, or those
-- of today's models of OpenAI.
function tokens.count(what, model)
  local name = name_of(model)
  if type(what) == "table" then
    check_messages(what)
  elseif type(what) ~= "string" and core.kind(what) ~= "request" then
    core.raise("tokens: expected a text, a list of messages or req, not " .. show.value(what))
  end
  return core.tokens(what, name)
end

return tokens
