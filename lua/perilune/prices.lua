-- perilune.prices -- p.prices: what models charge.
--
--     p.prices { "prices.json", ["openai/gpt-4o"] = { input = 2.5, output = 10 } }
--
-- Later words go over earlier ones: what a policy says over a file's, and a
-- file's over the list prices (core/meter/price/list.c). A model that none of
-- them names has no price, and its cost is not known.

local core = require "perilune.core"
local moment = require "perilune.moment"
local price = require "perilune.price"
local show = require "perilune.show"

local prices = {}

local function raise(where, format, ...)
  core.raise("prices: " .. where .. format:format(...))
end

local function check_name(where, name)
  if type(name) == "string" and name:find "^[^/%s]+/[%g]+$" then return end
  raise(where, '%s is not "provider/model", such as "openai/gpt-4o"', show.value(name))
end

-- Take in one table of prices; `where` names the file it is of. A text means the
-- same prices as that model's.
local function take(t, where)
  local same = {}
  for _, name in ipairs(show.names(t)) do
    local v = t[name]
    check_name(where, name)
    if type(v) == "string" then
      same[#same + 1] = name
    else
      local tiers, why = price.read(v)
      if not tiers then raise(where, '"%s": %s', name, why) end
      core.price(name, tiers)
    end
  end
  for _, name in ipairs(same) do
    if not core.price_as(name, t[name]) then
      raise(where, '"%s": there is no price of %s', name, show.value(t[name]))
    end
  end
end

local function take_file(path)
  if type(path) ~= "string" then
    core.raise('prices: the first item is a file such as "prices.json"; it is '
      .. show.value(path))
  end
  local text, why = core.read(path)
  if not text then core.raise(('prices: cannot read "%s": %s'):format(path, why)) end
  local where = ('"%s": '):format(path)
  local t, wrong = core.json_decode(text)
  if type(t) ~= "table" then
    raise(where, "%s", wrong or 'it is no table such as { "openai/gpt-4o": { "input": 2.5, ... } }')
  end
  take(t, where)
end

--- p.prices: say what models charge, in dollars per million tokens: a file, or a
-- table that may begin with one.
function prices.new(t)
  moment.load("prices", t)
  if type(t) == "string" then t = { t } end
  if type(t) ~= "table" then
    core.raise('prices: expected a file or a table such as { ["openai/gpt-4o"] = '
      .. "{ input = 2.5, output = 10 } }, not " .. show.value(t))
  end
  local own = {}
  for name, v in pairs(t) do
    if math.type(name) ~= "integer" then
      own[name] = v
    elseif name ~= 1 then
      core.raise "prices: one file; say p.prices once more for another"
    end
  end
  if t[1] ~= nil then take_file(t[1]) end
  take(own, "")
end

return prices
