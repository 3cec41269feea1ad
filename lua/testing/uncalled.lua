-- testing.uncalled -- a condition that somebody forgot to call.
--
--     if night and large(req) then ...      -- a function is never false
--
-- And the contrary, a gate in the place of a condition:
--
--     return daily(req) and large(req)      -- daily answers only to say no
--
-- Only what is plain to see in the text is told: a local that a function or a
-- rung was given to, standing alone before `and`, `or` or `then`.

local lines = require "testing.text"

local uncalled = {}

-- Words of p that give a value and nothing to call.
local VALUES = { file = true, secret = true, json = true, now = true, has = true, units = true }

local function names_of(text)
  local names = {}
  for name in text:gmatch "local%s+function%s+([%a_][%w_]*)" do names[name] = true end
  for name in text:gmatch "local%s+([%a_][%w_]*)%s*=%s*function%f[^%w_]" do names[name] = true end
  for name, word in text:gmatch "local%s+([%a_][%w_]*)%s*=%s*p%.([%a_]+)%s*[{(\"]" do
    if not VALUES[word] then names[name] = true end
  end
  return names
end

-- What stands before a condition, and what behind makes it one.
local BEFORE = { "%f[%w_]if%s+", "%f[%w_]and%s+", "%f[%w_]or%s+", "%f[%w_]not%s+",
  "return%s+", "^%s*" }

local function is_condition(line, name)
  for _, before in ipairs(BEFORE) do
    for _, behind in ipairs { "%s+and%f[^%w_]", "%s+then%f[^%w_]" } do
      if line:find(before .. name .. behind) then return true end
    end
  end
  return line:find("%f[%w_]not%s+" .. name .. "%f[^%w_.:]%s*[^%(%w_%s]") ~= nil
end

--- The names in a policy's text that are conditions and never called: a list of
-- { line =, name = }.
function uncalled.find(text)
  text = lines.bare(text)
  local names, list, at = names_of(text), {}, 0
  for line in (text .. "\n"):gmatch "(.-)\n" do
    at = at + 1
    for word in line:gmatch "[%a_][%w_]*" do
      if names[word] and is_condition(line, word) then
        list[#list + 1] = { line = at, name = word }
        break
      end
    end
  end
  return list
end

-- Words of p whose rungs answer only to say no.
local GATES = { limit = true, budget = true, allow = true }

-- Models that cost nothing are asked when the purse says no, and that means it.
local function free_ones(text)
  local free = {}
  for name, options in text:gmatch "local%s+([%a_][%w_]*)%s*=%s*p%.model%s*(%b{})" do
    free[name] = options:find "free%s*=%s*true" ~= nil
  end
  return free
end

--- The gates in a policy's text that what is returned begins with, before an
-- `and`: a list of { line =, name =, behind = }. Behind an `or` it means
-- something, as it does before a free model and an `or`: when the purse says no,
-- the free one.
function uncalled.gates(text)
  text = lines.bare(text)
  local names, free, list = {}, free_ones(text), {}
  for name, word in text:gmatch "local%s+([%a_][%w_]*)%s*=%s*p%.([%a_]+)%s*[%({]" do
    names[name] = GATES[word]
  end
  for at, name, behind, more in text:gmatch
    "%f[%w_]return%s+()([%a_][%w_]*)%s*%(%s*req%s*%)%s+and%s+([%a_][%w_]*)%s*%b()%s*(%a*)" do
    if names[name] and not (free[behind] and more == "or") then
      list[#list + 1] = { line = lines.line(text, at), name = name, behind = behind }
    end
  end
  return list
end

return uncalled
