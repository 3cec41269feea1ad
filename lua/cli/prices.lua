-- cli.prices -- perilune prices: what models charge, and where to get it from.

local help = require "cli.help"
local litellm = require "cli.litellm"
local nearest = require "perilune.nearest"
local price = require "perilune.price"
local show = require "perilune.show"

local ACTIONS = "show, import"

local function complain(tool, status, why)
  tool.err("perilune prices: " .. why .. "\n")
  return status
end

local function misuse(tool, why)
  return complain(tool, 2, why .. "; see perilune help prices")
end

local actions = {}

-- --- show --------------------------------------------------------------------

local HEAD = ("%-36s %9s %9s %9s %9s %9s\n"):format("dollars per million tokens", "input",
  "output", "cached", "write", "reasoning")

local function line(name, tier)
  local cells = {}
  for i, rate in ipairs(price.RATES) do cells[i] = ("%9.10g"):format(tier[rate]) end
  return ("%-36s %s\n"):format(name, table.concat(cells, " "))
end

local function tell(tool, model)
  for _, tier in ipairs(model) do
    tool.out(line(tier.above == 0 and model.name or ("  above %d tokens"):format(tier.above), tier))
  end
end

function actions.show(tool, words)
  local name, list, by_name = words[2], tool.prices(), {}
  for _, model in ipairs(list) do by_name[model.name] = model end
  if words[3] then return misuse(tool, "show one model, or all") end
  if name and not by_name[name] then
    local meant = nearest.word(name, show.names(by_name))
    return complain(tool, 1, ("no price of '%s' is built in%s"):format(name,
      meant and (" (did you mean %s?)"):format(meant) or ""))
  end
  tool.out(HEAD)
  for _, model in ipairs(name and { by_name[name] } or list) do tell(tool, model) end
  return 0
end

-- --- import ------------------------------------------------------------------

local function number(n)
  return ("%.10g"):format(n)
end

-- Prices as an object of JSON, in one line.
local function object(t)
  local parts = {}
  for _, rate in ipairs(price.RATES) do
    if t[rate] then parts[#parts + 1] = ('"%s":%s'):format(rate, number(t[rate])) end
  end
  local above = {}
  for _, text in ipairs(show.names(t.above or {})) do
    above[#above + 1] = ('"%s":%s'):format(text, object(t.above[text]))
  end
  if #above > 0 then parts[#parts + 1] = ('"above":{%s}'):format(table.concat(above, ",")) end
  return "{" .. table.concat(parts, ",") .. "}"
end

local function write(tool, prices)
  local names = show.names(prices)
  tool.out "{\n"
  for i, name in ipairs(names) do
    tool.out(("%s:%s%s\n"):format(tool.quote(name), object(prices[name]),
      i < #names and "," or ""))
  end
  tool.out "}\n"
  return #names
end

-- The providers that were named, as a set; nil when none were.
local function providers(words)
  local wanted
  for i = 3, #words do
    wanted = wanted or {}
    wanted[words[i]] = true
  end
  return wanted
end

function actions.import(tool, words)
  local path = words[2]
  if not path then return misuse(tool, "import which file?") end
  local text, why = tool.read(path)
  if not text then return complain(tool, 1, ("%s: %s"):format(path, why)) end
  local t, wrong = tool.decode(text)
  if type(t) ~= "table" then
    return complain(tool, 1, ("%s: %s"):format(path, wrong or "it holds no table of models"))
  end
  local found = litellm.read(t, providers(words))
  for _, bad in ipairs(found.bad) do complain(tool, 1, ("%s: %s"):format(path, bad)) end
  if next(found.prices) == nil then
    return complain(tool, 1, ("%s: there is no price in it"):format(path))
  end
  local n = write(tool, found.prices)
  tool.err(("%d models; left out: %d that say they are free, %d not paid by the token, %d wrong\n")
    :format(n, found.free, found.other, #found.bad))
  return #found.bad > 0 and 1 or 0
end

--- Do what args say. `tool` has out(text), err(text), read(path), decode(json),
-- quote(text) and prices(). Returns the exit status.
return function(args, tool)
  local words = {}
  for _, arg in ipairs(args) do
    if arg == "--help" or arg == "-h" then return help({ "prices" }, tool) end
    if arg:find "^%-." then return misuse(tool, ("unknown option '%s'"):format(arg)) end
    words[#words + 1] = arg
  end
  local action = actions[words[1] or "show"]
  if not action then
    return misuse(tool, ("there is no '%s' (there are: %s)"):format(words[1], ACTIONS))
  end
  return action(tool, words)
end
