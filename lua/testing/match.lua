-- testing.match -- does what came fit what was expected?
--
-- A plain value must be the same. For numbers a text may say more: "<= 3", and
-- for times "< 2s". A matcher is a table of its own kind, made by test.has and
-- the like; a function is asked.

local core = require "perilune.core"
local units = require "perilune.units"

local match = {}

local Matcher = {}

local function matcher(says, fits)
  return setmetatable({ says = says, fits = fits }, Matcher)
end

--- Is it one of these, and not a plain value?
function match.is_matcher(v)
  return getmetatable(v) == Matcher
end

local function contains(text, part)
  return type(text) == "string" and text:find(part, 1, true) ~= nil
end

--- A text that contains these, in any order.
function match.has(...)
  local parts, said = { ... }, {}
  for i, part in ipairs(parts) do said[i] = ("%q"):format(part) end
  return matcher("a text with " .. table.concat(said, " and "), function(v)
    for _, part in ipairs(parts) do
      if not contains(v, part) then return false end
    end
    return true
  end)
end

--- A text that fits a pattern of Lua's.
function match.like(pattern)
  return matcher(("a text like %q"):format(pattern), function(v)
    return type(v) == "string" and v:find(pattern) ~= nil
  end)
end

--- One of these values.
function match.one_of(...)
  local values, said = { ... }, {}
  for i, value in ipairs(values) do said[i] = match.say(value) end
  return matcher("one of " .. table.concat(said, ", "), function(v)
    for _, value in ipairs(values) do
      if match.fits(value, v) then return true end
    end
    return false
  end)
end

--- A number within `by` of `n`; both may be durations.
function match.about(n, by)
  local middle, reach = units.seconds(n, "about"), units.seconds(by, "about")
  return matcher(("about %s, give or take %s"):format(n, by), function(v)
    return type(v) == "number" and math.abs(v - middle) <= reach
  end)
end

-- "0.01 usd", 0.01: dollars; nil when it is neither.
local function dollars(v)
  return tonumber(type(v) == "string" and v:match "^%s*(.-)%s*usd%s*$" or v)
end

local COMPARE = {
  ["<"] = function(a, b) return a < b end,
  [">"] = function(a, b) return a > b end,
  ["<="] = function(a, b) return a <= b + 1e-9 end,
  [">="] = function(a, b) return a >= b - 1e-9 end,
}

-- "<= 2s" of a number: true or false; nil when the text is no comparison.
local function compared(text, v)
  local op, amount = text:match "^%s*([<>]=?)%s*(.-)%s*$"
  if not op then return nil end
  return COMPARE[op](v, tonumber(amount) or units.seconds(amount, "expect"))
end

local function fits_number(want, v)
  if type(want) == "number" then return math.abs(want - v) < 0.0005 end
  if type(want) ~= "string" then return false end
  local is = compared(want, v)
  if is == nil then return math.abs(units.seconds(want, "expect") - v) < 0.0005 end
  return is
end

--- An amount of money to the nano-dollar: 0.00342, "0.00342 usd", "<= 0.01 usd".
function match.money(want)
  if match.is_matcher(want) or type(want) == "function" or want == false then return want end
  local op, amount = "", want
  if type(want) == "string" then op, amount = want:match "^%s*([<>]?=?)%s*(.-)%s*$" end
  local n = dollars(amount)
  if not n or op == "=" then core.raise('cost: write 0.01, "0.01 usd" or "<= 0.01 usd"') end
  return matcher(("%s%.9f usd"):format(op == "" and "" or op .. " ", n), function(v)
    if type(v) ~= "number" then return false end
    local diff = math.floor((v - n) * 1e9 + 0.5)
    if op == "" then return diff == 0 end
    return op == "<" and diff < 0 or op == ">" and diff > 0
      or op == "<=" and diff <= 0 or op == ">=" and diff >= 0
  end)
end

--- What is wanted, with its `cost` as an amount of money.
function match.priced(wanted)
  if wanted.cost == nil then return wanted end
  local t = {}
  for name, v in pairs(wanted) do t[name] = v end
  t.cost = match.money(wanted.cost)
  return t
end

--- Does v fit what is wanted? `false` fits what is not there.
function match.fits(want, v)
  if getmetatable(want) == Matcher then return want.fits(v) end
  if type(want) == "function" then return want(v) and true or false end
  if want == false then return v == nil or v == false end
  if type(v) == "number" then return fits_number(want, v) end
  return want == v
end

--- A value as a failure shows it.
function match.say(v)
  if getmetatable(v) == Matcher then return v.says end
  if type(v) == "function" then return "what the function wants" end
  if v == false or v == nil then return "none" end
  if math.type(v) == "float" then return ("%.6g"):format(v) end
  return tostring(v)
end

return match
