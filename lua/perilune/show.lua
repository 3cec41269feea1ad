-- perilune.show -- values as they appear in messages.
--
-- A message quotes what the author wrote, so that it can be found by reading:
-- texts in quotes, numbers as they are, anything else by what it is. Nothing
-- is quoted that could be a key: secrets show the name of their variable.

local core = require "perilune.core"

local show = {}

local ARTICLE = { model = "a model", reply = "a reply", provider = "a provider",
  request = "a request", cut = "a cut" }

local function rung_name(v)
  local mt = getmetatable(v)
  if type(mt) == "table" and mt.__name == "perilune.rung" then
    return "the rung " .. v.name
  end
  return "a table"
end

-- A text short enough for a message, and on one line.
local function quoted(text)
  if #text > 80 then
    text = text:sub(1, 77):gsub("[\xC0-\xFF][\x80-\xBF]*$", "") .. "..."
  end
  return '"' .. text:gsub("%c", "?") .. '"'
end

--- One value: "text", 5, true, a table, a model. In a request a text may be the
-- client's own words, which no log may hold: then it is just "a text".
function show.value(v)
  local kind = type(v)
  if kind == "string" and core.in_request() then return "a text" end -- DEFENCE(clients_words)
  if kind == "string" then return quoted(v) end
  if kind == "number" or kind == "boolean" or kind == "nil" then return tostring(v) end
  if kind == "table" then return rung_name(v) end
  if kind == "userdata" and core.kind(v) == "secret" then return tostring(v) end
  return kind == "userdata" and ARTICLE[core.kind(v)] or "a " .. kind
end

--- A name that somebody asked for. In a request it may be the client's own
-- words, too: then only what programs use for names is shown.
function show.name(v)
  local name = tostring(v)
  if core.in_request() and not (#name <= 40 and name:find "^[%a_][%w_]*$") then return "..." end
  return name
end

--- How an option was said: 'first = 10000', or '10000' without a name.
function show.said(name, v)
  if not name then return "'" .. show.value(v) .. "'" end
  return ("'%s = %s'"):format(name, show.value(v))
end

--- The names of a table in alphabetical order.
function show.names(t)
  local names = {}
  for name in pairs(t) do names[#names + 1] = tostring(name) end
  table.sort(names)
  return names
end

local function item(v)
  if type(v) ~= "table" or rung_name(v) ~= "a table" then return show.value(v) end
  return "{ " .. show.options(v) .. " }"
end

--- A table of options as its author would write it: items first, then names
-- in alphabetical order. Names in `hidden` show that they are there, no more.
function show.options(t, hidden)
  local parts = {}
  for _, v in ipairs(t) do parts[#parts + 1] = item(v) end
  local items = #t
  for _, name in ipairs(show.names(t)) do
    local v = t[name]
    local hide = hidden and hidden[name] and type(v) ~= "userdata"
    if v ~= nil and not (items > 0 and tonumber(name)) then
      parts[#parts + 1] = name .. " = " .. (hide and "..." or item(v))
    end
  end
  return table.concat(parts, ", ")
end

return show
