-- testing.files -- finding test files, and reading what they declare.

local core = require "perilune.core"
local suite = require "testing.suite"

local files = {}

local NAMES = { "error", "ipairs", "next", "pcall", "rawequal", "rawget", "rawlen",
  "rawset", "select", "setmetatable", "getmetatable", "tonumber", "type", "xpcall",
  "load", "string", "table", "math", "utf8", "coroutine" }

local PASSED_OVER = { ["node_modules/"] = true, ["build/"] = true }

local function search(tool, folder, found)
  local names = tool.list(folder) or {}
  table.sort(names)
  for _, name in ipairs(names) do
    local path = folder == "." and name or folder .. "/" .. name
    if name:find "_test%.lua$" then
      found[#found + 1] = path
    elseif name:find "/$" and not name:find "^%." and not PASSED_OVER[name] then
      search(tool, path:sub(1, -2), found)
    end
  end
end

--- The test files that the words of a command line mean: files as they are, of
-- folders all that end in _test.lua. Nil and what is wrong.
function files.find(tool, words)
  local found = {}
  for _, word in ipairs(words) do
    local path = #word > 1 and word:gsub("/+$", "") or word
    if tool.list(path) then
      search(tool, path, found)
    elseif tool.read(path) then
      found[#found + 1] = path
    else
      return nil, ("there is no file or folder '%s'"):format(word)
    end
  end
  return found
end

-- Names in their order, so that a test is the same in every run.
local function ordered_pairs(t)
  local names, i = {}, 0
  for name in next, t do names[#names + 1] = name end
  table.sort(names, function(a, b)
    if type(a) == type(b) and (type(a) == "number" or type(a) == "string") then return a < b end
    return type(a) < type(b)
  end)
  return function()
    repeat i = i + 1 until names[i] == nil or t[names[i]] ~= nil
    return names[i], t[names[i]]
  end, t, nil
end

-- Where something lies in memory is another place in every run.
local function text_of(v)
  local meta = getmetatable(v)
  local kind = type(v)
  local plain = kind ~= "table" and kind ~= "userdata" and kind ~= "function" and kind ~= "thread"
  return (plain or type(meta) == "table" and meta.__tostring) and tostring(v) or kind
end

local function environment(tool, file)
  local env, modules = { pairs = ordered_pairs, tostring = text_of }, {}
  for _, name in ipairs(NAMES) do env[name] = _G[name] end
  function env.assert(v, message, ...)
    if v then return v, message, ... end
    core.raise(message == nil and "this does not hold" or text_of(message))
  end
  function env.print(...)
    local said = table.pack(...)
    for i = 1, said.n do said[i] = text_of(said[i]) end
    tool.out("# " .. table.concat(said, "\t"):gsub("\n", "\n# ") .. "\n")
  end
  function env.require(name)
    if modules[name] == nil then
      local path = (file:match "^(.*/)" or "") .. name:gsub("%.", "/") .. ".lua"
      local text = name:find "^perilune" == nil and tool.read(path)
      modules[name] = text and (assert(load(text, "@" .. path, "t", env))(name) or true)
        or require(name)
    end
    return modules[name]
  end
  return env
end

--- The tests of a file; or nil and why it does not load.
function files.tests(tool, file)
  local text, why = tool.read(file)
  if not text then return nil, ("%s: %s"):format(file, why) end
  local chunk, wrong = load(text, "@" .. file, "t", environment(tool, file))
  if not chunk then return nil, wrong end
  suite.begin(file)
  local ok, raised = pcall(chunk)
  if not ok then return nil, tostring(raised) end
  return suite.tests
end

return files
