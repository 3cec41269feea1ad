-- perilune.named -- what has a name is declared once (LANGUAGE rule 23).
--
-- The same declaration again gives the same object. Another one under the same
-- name is told where the first stands and what it says.

local core = require "perilune.core"
local show = require "perilune.show"

local named = {}

local objects = {}

-- What keeps state has a name of its own, whatever its kind.
local STATE = { breaker = true, budget = true, limit = true, queue = true, sticky = true }
local kept = {} -- the kind and the place of what has that name

local function take_name(kind, name)
  local other = kept[name]
  if other and other.kind ~= kind then
    core.raise(('%s "%s": the %s at %s has that name; what keeps state has one of its own')
      :format(kind, name, other.kind, other.where))
  end
  if not other then core.keeps(kind, name) end
  kept[name] = other or { kind = kind, where = core.where() }
end

--- Raises unless `name` may be one of what keeps state; `example` is how that is
-- written.
function named.check(kind, name, example)
  if type(name) == "string" and name:find "^%w[%w._-]*$" and #name <= 64 then return end
  core.raise(("%s: the name comes first, up to 64 letters, digits, '.', '_' and '-', such as %s; "
    .. "it is %s"):format(kind, example, show.value(name)))
end

--- The object `name` of that kind: make() the first time, the same one when
-- declared again with the same `text` (its options as written).
-- `hidden` takes part in the comparison and is never shown: a key.
function named.once(kind, name, text, make, hidden)
  if STATE[kind] then take_name(kind, name) end
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
