-- perilune.price -- what one model charges, as people write it.
--
--     { input = 2.5, output = 10, cached = 1.25, write = 3, reasoning = 10,
--       above = { ["200k tokens"] = { input = 5, output = 15 } } }
--
-- In dollars per million tokens. What is not said of cached and written tokens
-- is the price of input, of reasoning that of output; what a longer context does
-- not change stays. price.read gives the tiers as core.price takes them.

local show = require "perilune.show"

local price = {}

price.RATES = { "input", "output", "cached", "write", "reasoning" }

local MOST = 10000    -- nobody asks more; a price per token typed a million times over does
local LEAST = 0.0001  -- nobody asks less; a price per token typed as it is does
local MOST_TIERS = 3
local FACTOR = { [""] = 1, k = 1e3, K = 1e3, M = 1e6 }

local is_rate = {}
for _, name in ipairs(price.RATES) do is_rate[name] = true end

--- What is wrong with a price, or nil.
function price.wrong(name, v)
  local said = show.said(name, v)
  if type(v) ~= "number" then return said .. " is not a number of dollars per million tokens" end
  if v ~= v or v < 0 then return said .. " is not a price" end
  if v > MOST then
    return said .. " is more than anybody asks; prices are in dollars per million tokens"
  end
  if v > 0 and v < LEAST then
    return ("%s looks like a price per token; prices are per million: %s = %.10g")
      :format(said, name, v * 1e6)
  end
end

-- "200k tokens" or "200000 tokens": the number.
local function tokens(text)
  if type(text) ~= "string" then return nil end
  local digits, factor = text:match "^%s*(%d+%.?%d*)%s*([kKM]?)%s+tokens?%s*$"
  local n = digits and tonumber(digits) * FACTOR[factor]
  return n and n >= 1 and n <= 1e12 and math.tointeger(n // 1) or nil
end

-- Prices over others: those that `over` names, else those of `under`.
local function laid(under, over)
  local t = {}
  for name in pairs(is_rate) do
    t[name] = over[name]
    if t[name] == nil then t[name] = under[name] end
  end
  return t
end

local function tier(above, t)
  return { above = above, input = t.input, output = t.output, cached = t.cached or t.input,
    write = t.write or t.input, reasoning = t.reasoning or t.output }
end

-- What is wrong with the names and numbers of a table of prices, or nil.
local function wrong_rates(t, also)
  for _, name in ipairs(show.names(t)) do
    if t[name] == nil or not (is_rate[name] or name == also) then
      return ("unknown name '%s' (there are: %s%s)"):format(name,
        also and "above, " or "", "cached, input, output, reasoning, write")
    end
    local why = is_rate[name] and price.wrong(name, t[name])
    if why then return why end
  end
end

-- The tiers above the first, in rising order; nil and what is wrong.
local function read_above(t)
  local list, seen = {}, {}
  if type(t) ~= "table" then
    return nil, 'above is a table such as { ["200k tokens"] = { input = 5, output = 15 } }'
  end
  for _, text in ipairs(show.names(t)) do
    local n, rates = tokens(text), t[text]
    if not n then return nil, ('above: "%s" is not like "200k tokens"'):format(text) end
    if type(rates) ~= "table" then return nil, ('above: "%s" needs a table'):format(text) end
    if seen[n] then return nil, ('above: "%s" is there twice'):format(text) end
    local why = wrong_rates(rates)
    if why then return nil, ('above "%s": %s'):format(text, why) end
    seen[n] = true
    list[#list + 1] = { above = n, rates = rates }
  end
  if #list > MOST_TIERS then return nil, ("above: at most %d tiers"):format(MOST_TIERS) end
  table.sort(list, function(a, b) return a.above < b.above end)
  return list
end

--- The tiers of a model's prices; nil and what is wrong with them.
function price.read(t)
  if type(t) ~= "table" then
    return nil, ("%s is no table such as { input = 2.5, output = 10 }"):format(show.value(t))
  end
  local why = wrong_rates(t, "above")
  if why then return nil, why end
  if not (t.input and t.output) then return nil, "input and output must be said, 0 if they are" end
  local tiers, rates = { tier(0, t) }, laid(t, t)
  local list, wrong = read_above(t.above or {})
  if not list then return nil, wrong end
  for _, step in ipairs(list) do
    rates = laid(rates, step.rates)
    tiers[#tiers + 1] = tier(step.above, rates)
  end
  return tiers
end

return price
