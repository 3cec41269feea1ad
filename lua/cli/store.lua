-- cli.store -- perilune store ACTION: look into the store, and look after it.

local help = require "cli.help"

local ACTIONS = "stat, compact, export, import"

local function complain(tool, status, why)
  tool.err("perilune store: " .. why .. "\n")
  return status
end

local function misuse(tool, why)
  return complain(tool, 2, why .. "; see perilune help store")
end

-- 4096 is "4.0 KiB".
local function size(bytes)
  local units, i = { "B", "KiB", "MiB", "GiB", "TiB" }, 1
  while bytes >= 1024 and i < #units do
    bytes, i = bytes / 1024, i + 1
  end
  return i == 1 and ("%d B"):format(bytes) or ("%.1f %s"):format(bytes, units[i])
end

local actions = {}

function actions.stat(tool, path)
  local found, why = tool.store_stat(path)
  if not found then return complain(tool, 1, why) end
  tool.out(("store     %s\nlayout    %d\nfile      %s, %s of it in use\n")
    :format(path, found.layout, size(found.file), size(found.used)))
  tool.out(("map       %s\nexpiring  %d rows\n"):format(size(found.map), found.expiring))
  for _, t in ipairs(found.tables) do
    tool.out(("table     %-20s %12d rows  %s\n"):format(t.name, t.rows, size(t.bytes)))
  end
  return 0
end

function actions.compact(tool, path)
  local before, after = tool.store_compact(path)
  if not before then return complain(tool, 1, after) end
  tool.out(("%s before, %s after\n"):format(size(before), size(after)))
  return 0
end

function actions.export(tool, path)
  local rows, why = tool.store_export(path)
  if not rows then return complain(tool, 1, why) end
  return 0
end

function actions.import(tool, path, file)
  local rows, why = tool.store_import(path, file)
  if not rows then return complain(tool, 1, why) end
  tool.out(("%d rows\n"):format(rows))
  return 0
end

-- The words of a command line and the folder it names; nil and why not.
local function read(args, tool)
  local words, path, i = {}, tool.store, 1
  while args[i] do
    local arg = args[i]
    local value = arg:match "^%-%-store=(.*)$"
    if arg == "--store" then
      i = i + 1
      value = args[i] or ""
    end
    if value == "" then return nil, "--store needs a folder" end
    if not value and arg:find "^%-." then return nil, ("unknown option '%s'"):format(arg) end
    if value then path = value else words[#words + 1] = arg end
    i = i + 1
  end
  return words, path
end

--- Do what args say. `tool` has out(text), err(text), the folder `store` and
-- the functions store_stat, store_compact, store_export, store_import.
return function(args, tool)
  if args[1] == "--help" or args[1] == "-h" then return help({ "store" }, tool) end
  local words, path = read(args, tool)
  if not words then return misuse(tool, path) end
  local action = actions[words[1] or ""]
  if not action then
    return misuse(tool, words[1] and ("there is no '%s' (there are: %s)"):format(words[1], ACTIONS)
      or "what is to be done? " .. ACTIONS)
  end
  local takes = words[1] == "import" and 2 or 1
  if #words < takes then return misuse(tool, "import which file?") end
  if #words > takes then
    return misuse(tool, ("%s takes no '%s'"):format(words[1], words[takes + 1]))
  end
  return action(tool, path, words[2])
end
