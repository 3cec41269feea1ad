-- perilune.named -- what has a name is declared once (LANGUAGE rule 23).
--
-- The same declaration again gives the same object. Another one under the same
-- name is told where the first stands and what it says.

local core = require "perilune.core"

local named = {}

local objects = {}

--- The object `name` of that kind: make() the first time, the same one when
-- declared again with the same `text` (its options as written).
-- `hidden` takes part in the comparison and is never shown: a key.
function named.once(kind, name, text, make, hidden)
  local where, first = core.declare(kind, name, text)
  local id = kind .. " " .. name
  if not where then
    objects[id] = { made = make(), hidden = hidden }
    return objects[id].made
  end
  if first == text and objects[id].hidden == hidden then return objects[id].made end
  core.raise(('%s "%s" was declared at %s with %s; use that one or another name')
    :format(kind, name, where, first))
end

return named
