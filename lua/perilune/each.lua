-- perilune.each -- each = "user": whose amount it is.
--
-- It is what the client's key proves (LANGUAGE rule 25): of "user" and "feature"
-- only where there is no key what the client says; of "key.user" and the like
-- never. Whoever is nobody in particular is "anonymous".

local core = require "perilune.core"
local options = require "perilune.options"
local show = require "perilune.show"

local each = {}

local NOBODY = "anonymous"
local FIELDS = { user = true, team = true, feature = true, session = true, model = true }
local PROVEN = { key = "id", ["key.user"] = "user", ["key.team"] = "team",
  ["key.feature"] = "feature" }
local SAID = { user = true, feature = true }

--- The checker of the option: a word, or a function.
function each.read(v, name)
  if FIELDS[v] or PROVEN[v] or type(v) == "function" then return v end
  options.wrong(v, name, '"user", "team", "feature", "session", "model", "key", "key.user", '
    .. '"key.team", "key.feature" or a function')
end

--- Whose it is: a text. `what` begins the message about a function that returns none.
function each.of(by, req, what)
  local who
  if type(by) == "function" then
    who = by(req)
  elseif PROVEN[by] then
    who = req.key and req.key[PROVEN[by]] -- DEFENCE(each_key)
  else
    who = req[by]
    if SAID[by] and req.key then who = req.key[by] end -- DEFENCE(each_proven)
  end
  if who == nil or who == false or who == "" then return NOBODY end
  if type(who) ~= "string" then
    core.raise(("%s returned %s, not a text"):format(what, show.value(who)))
  end
  return who
end

return each
