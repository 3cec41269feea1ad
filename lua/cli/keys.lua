-- cli.keys -- perilune keys ACTION: who may come in.

local help = require "cli.help"

local ACTIONS = "add, list, revoke, rotate"
local LONGEST = 256 -- bytes of a user, a team, a feature
local UNITS = { s = 1, min = 60, m = 60, h = 3600, d = 86400 }

local function complain(tool, status, why)
  tool.err("perilune keys: " .. why .. "\n")
  return status
end

local function misuse(tool, why)
  return complain(tool, 2, why .. "; see perilune help keys")
end

-- A name that bytes tell apart and a log line shows as it is.
local function name_of(flag, text)
  if #text <= LONGEST and not text:find "[^\x21-\x7e]" then return text end
  return nil, ("%s needs a name of at most %d printable characters of ASCII, without spaces")
    :format(flag, LONGEST)
end

local function seconds_of(flag, text)
  local n, unit = text:match "^(%d+%.?%d*)(%a+)$"
  n = UNITS[unit] and tonumber(n)
  if n and n > 0 and n * UNITS[unit] <= 36500 * 86400 then return n * UNITS[unit] end
  return nil, ('%s needs a time such as "30d", "12h" or "90min", not "%s"'):format(flag, text)
end

-- "openai/*, local/llama" as a list of JSON.
local function models_of(flag, text, tool)
  local list = {}
  for part in (text .. ","):gmatch "%s*([^,]*),%s*" do
    local pattern = part:match "^(%S+)%s*$"
    local _, stars = part:gsub("%*", "")
    if not pattern or #pattern > LONGEST or stars > 1 or not (pattern:find "/" or pattern == "*")
      or pattern:find "[^\x21-\x7e]" then
      return nil, ('%s needs patterns such as "openai/*,local/llama", with one * at most; not "%s"')
        :format(flag, part)
    end
    list[#list + 1] = tool.quote(pattern)
  end
  return "[" .. table.concat(list, ",") .. "]"
end

local function note_of(flag, text)
  if #text <= 1000 and utf8.len(text) and not text:find "%c" then return text end
  return nil, flag .. " needs a line of at most 1000 bytes"
end

-- How an amount may be written the key's record says.
local function amount_of(_, text) return text end

local TAKES = {
  ["--user"] = { to = "user", read = name_of },
  ["--team"] = { to = "team", read = name_of },
  ["--feature"] = { to = "feature", read = name_of },
  ["--models"] = { to = "models", read = models_of },
  ["--expires"] = { to = "expires", read = seconds_of },
  ["--note"] = { to = "note", read = note_of },
  ["--meta"] = { to = "meta", read = note_of },
  ["--limit"] = { to = "limits", read = amount_of, list = true },
  ["--budget"] = { to = "budgets", read = amount_of, list = true },
}

-- NAME=VALUE, into the key's metadata.
local function add_meta(key, text)
  local name, value = text:match "^([%a_][%w_]*)=(.*)$"
  if not name or #name > 40 then return "--meta needs NAME=VALUE, not '" .. text .. "'" end
  key.metadata = key.metadata or {}
  key.metadata[name] = value
end

-- What an option says goes into `key`; or why not.
local function take(key, flag, value, tool)
  if flag == "--admin" then
    key.admin = true
    return
  end
  if not value or value == "" then return flag .. " needs a value" end
  if flag == "--store" then
    key.store = value
    return
  end
  local read, why = TAKES[flag].read(flag, value, tool)
  if not read then return why end
  if flag == "--meta" then return add_meta(key, read) end
  if flag == "--note" then return add_meta(key, "note=" .. read) end
  local to = TAKES[flag].to
  if TAKES[flag].list then
    key[to] = key[to] or {}
    table.insert(key[to], read)
  else
    key[to] = read
  end
end

-- The words of a command line, and what its options say; nil and why not.
local function read(args, tool)
  local words, key, i = {}, { store = tool.store, said = {} }, 1
  while args[i] do
    local flag, value = args[i]:match "^(%-%-%a+)=(.*)$"
    flag = flag or args[i]
    if flag:find "^%-." then
      if not TAKES[flag] and flag ~= "--admin" and flag ~= "--store" then
        return nil, ("unknown option '%s'"):format(flag)
      end
      if flag == "--admin" and value then return nil, "--admin takes no value" end
      if not value and flag ~= "--admin" then
        i = i + 1
        value = args[i]
      end
      local why = take(key, flag, value, tool)
      if why then return nil, why end
      if flag ~= "--store" then key.said[#key.said + 1] = flag end
    else
      words[#words + 1] = flag
    end
    i = i + 1
  end
  return words, key
end

local function json_of(tool, metadata)
  if not metadata then return nil end
  local names, parts = {}, {}
  for name in pairs(metadata) do names[#names + 1] = name end
  table.sort(names)
  for i, name in ipairs(names) do
    parts[i] = tool.quote(name) .. ":" .. tool.quote(metadata[name])
  end
  return "{" .. table.concat(parts, ",") .. "}"
end

-- A list of texts as JSON; nil of nil.
local function list_of(tool, list)
  if not list then return nil end
  local parts = {}
  for i, text in ipairs(list) do parts[i] = tool.quote(text) end
  return "[" .. table.concat(parts, ",") .. "]"
end

local function show_text(tool, id, text)
  tool.out(text .. "\n")
  tool.err(("perilune keys: this is %s; it is shown this once and kept nowhere\n"):format(id))
  return 0
end

local actions = {}

function actions.add(tool, key)
  key.metadata = json_of(tool, key.metadata)
  key.limits, key.budgets = list_of(tool, key.limits), list_of(tool, key.budgets)
  local text, id, wrong = tool.keys_add(key.store, key)
  if wrong then return misuse(tool, id) end
  if not text then return complain(tool, 1, id) end
  return show_text(tool, id, text)
end

local function state_of(key)
  if key.holds then return "valid" end
  return key.revoked and "revoked" or "expired"
end

-- Each key is a line of names with what they say; JSON stays JSON.
local function line_of(key, tool)
  local parts = { key.id, state_of(key), "mark=" .. key.mark }
  for _, name in ipairs { "user", "team", "feature", "created", "expires", "revoked" } do
    if key[name] then parts[#parts + 1] = name .. "=" .. key[name] end
  end
  if key.admin then parts[#parts + 1] = "admin" end
  for _, name in ipairs { "models", "limits", "budgets" } do
    if key[name] then
      parts[#parts + 1] = name .. "=" .. table.concat(tool.decode(key[name]), ",")
    end
  end
  if key.metadata then parts[#parts + 1] = "metadata=" .. key.metadata end
  return table.concat(parts, "  ") .. "\n"
end

local function before(a, b)
  if a.created ~= b.created then return a.created < b.created end
  return a.id < b.id
end

function actions.list(tool, key)
  local keys, why = tool.keys_list(key.store)
  if not keys then return complain(tool, 1, why) end
  table.sort(keys, before)
  for _, one in ipairs(keys) do tool.out(line_of(one, tool)) end
  return 0
end

-- An id that is not there is told before anything is made or opened to write.
local function find(tool, path, id)
  local keys, why = tool.keys_list(path)
  if not keys then return nil, why end
  for _, one in ipairs(keys) do
    if one.id == id then return one end
  end
  return nil, ("there is no key '%s'; perilune keys list shows those there are"):format(id)
end

function actions.revoke(tool, key, id)
  local one, why = find(tool, key.store, id)
  if one and not one.revoked then one, why = tool.keys_revoke(key.store, id) end
  if not one then return complain(tool, 1, why) end
  tool.out(id .. " is revoked\n")
  return 0
end

function actions.rotate(tool, key, id)
  local one, why = find(tool, key.store, id)
  if not one then return complain(tool, 1, why) end
  if one.revoked then return complain(tool, 1, id .. " is revoked, for good; add another") end
  one, why = tool.keys_rotate(key.store, id)
  if not one then return complain(tool, 1, why) end
  return show_text(tool, id, one)
end

--- Do what args say. `tool` has out(text), err(text), quote, decode, the folder
-- `store` and the functions keys_add, keys_list, keys_revoke, keys_rotate.
return function(args, tool)
  if args[1] == "--help" or args[1] == "-h" then return help({ "keys" }, tool) end
  local words, key = read(args, tool)
  if not words then return misuse(tool, key) end
  local action = actions[words[1] or ""]
  if not action then
    return misuse(tool, words[1] and ("there is no '%s' (there are: %s)"):format(words[1], ACTIONS)
      or "what is to be done? " .. ACTIONS)
  end
  local takes = (words[1] == "add" or words[1] == "list") and 1 or 2
  if #words < takes then return misuse(tool, words[1] .. " which key? Name its id") end
  if #words > takes then
    return misuse(tool, ("%s takes no '%s'"):format(words[1], words[takes + 1]))
  end
  if words[1] ~= "add" and key.said[1] then
    return misuse(tool, ("%s takes no %s"):format(words[1], key.said[1]))
  end
  return action(tool, key, words[2])
end
