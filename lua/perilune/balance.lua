-- perilune.balance -- p.balance: one of several targets answers.
--
--     p.balance { "openai/gpt-4o", { "azure/gpt-4o", weight = 3 }, by = "weighted" }
--
-- Which one is decided in the core, from what all workers know of the targets. One
-- that fails hands over to the next by the same rule; the group declines when
-- all it may ask have declined.

local callable = require "perilune.callable"
local core = require "perilune.core"
local moment = require "perilune.moment"
local options = require "perilune.options"
local rung = require "perilune.rung"
local show = require "perilune.show"

local balance = {}

local BYS = { "round_robin", "weighted", "least_busy", "latency", "headroom", "hash", "priority",
  "cost" }
local FIGURES = { least_busy = true, latency = true, headroom = true, cost = true } -- of models
local WEIGHS = { weighted = true, least_busy = true, latency = true, hash = true }
local MOST = 64

local function key_of(v, name)
  if v == "user" or v == "session" then return v end
  if type(v) == "string" then options.wrong(v, name, '"user", "session" or a function') end
  return options.callable(v, name)
end

local OPTIONS = { by = options.choice(BYS), key = key_of, eject_last = options.flag }

local function weight_of(v)
  if type(v) == "number" and v > 0 and v <= 1e6 then return v end
  options.wrong(v, "weight", "a number above 0, such as 3")
end

-- What is left of an item without its weight: { "openai/a" } is "openai/a".
local function without_weight(v)
  local rest, alone = {}, true
  for key, value in pairs(v) do
    if key ~= "weight" then
      rest[key] = value
      alone = alone and key == 1
    end
  end
  return alone and rest[1] or rest
end

local function read_item(v)
  local weight
  if type(v) == "table" and not callable.ready(v) and v.weight ~= nil then
    weight = weight_of(v.weight)
    v = without_weight(v)
  end
  local one = rung.to(v, "balance")
  local model = core.kind(one) == "model" and one or nil
  local name = model and model.provider .. "/" .. model.name or callable.name(one)
  return { rung = one, model = model, name = name, weight = weight }
end

local function read_items(t)
  local items = {}
  for at = 1, #t do
    if t[at] == nil then
      core.raise(("balance: item %d of %d is nil (is a field misspelt?)"):format(at, #t))
    end
    items[at] = read_item(t[at])
  end
  if #items < 1 or #items > MOST then
    core.raise(("balance: %d targets; it takes 1 to %d"):format(#items, MOST))
  end
  return items
end

local function any_weight(items)
  for _, item in ipairs(items) do
    if item.weight then return true end
  end
end

local function check_figures(items, by)
  if not FIGURES[by] then return end
  for at, item in ipairs(items) do
    if not item.model then
      core.raise(('balance: by = "%s" needs models, whose figures are known; item %d is %s')
        :format(by, at, item.name))
    end
  end
end

local function check_prices(items)
  for _, item in ipairs(items) do
    if not core.price_known(item.model) then
      core.raise(('balance: by = "cost" needs a price of %s; say it above: p.prices { ["%s"] = '
        .. "{ input = 2.5, output = 10 } }, in dollars per million tokens"):format(
        item.name, item.name))
    end
  end
end

local function check(items, read)
  local by = read.by
  check_figures(items, by)
  if by == "cost" then check_prices(items) end
  if any_weight(items) and not WEIGHS[by] then
    core.raise(('balance: a weight means nothing with by = "%s"'):format(by))
  end
  if by == "hash" and not read.key then
    core.raise 'balance: by = "hash" of what? Write key = "user", "session" or a function'
  end
  if read.key and by ~= "hash" then core.raise 'balance: a key goes with by = "hash"' end
end

-- The core's part of it. Its turn is shared by all groups of the same name.
local function make(items, read)
  local spec, names = { by = read.by, eject_last = read.eject_last }, {}
  for at, item in ipairs(items) do
    spec[at] = { name = item.name, weight = item.weight, model = item.model }
    names[at] = item.name .. (item.weight and "*" .. item.weight or "")
  end
  spec.name = read.by .. " " .. table.concat(names, ",")
  return core.balance(spec)
end

-- The text that decides where a request belongs; nil: anywhere.
local function text_of(key, req)
  local v
  if key == "user" then
    v = req.user ~= "anonymous" and req.user or nil
  elseif key == "session" then
    v = req.session
  elseif key then
    v = key(req)
  end
  if v == nil or type(v) == "string" then return v end
  if type(v) == "number" then return tostring(v) end
  core.raise(("balance: key returned %s; a text says where a request belongs")
    :format(show.value(v)))
end

local function answer(own, req)
  local round = core.balance_round(own.group, req, text_of(own.key, req))
  while true do
    local at, forced = core.balance_next(own.group, req, round)
    if not at then return nil, req.fault end
    local one = own.items[at].rung
    local reply = forced and core.press(one, req) or not forced and one(req)
    if reply then return reply end
  end
end

local function authored(items, read)
  for _, item in ipairs(items) do
    if callable.authored(item.rung) then return true end
  end
  return read.key ~= nil and type(read.key) ~= "string"
end

--- p.balance: a rung that asks one of its targets, chosen by `by`.
function balance.new(t)
  moment.load("balance")
  if type(t) ~= "table" or callable.ready(t) then
    core.raise("balance: expected a list such as { a, b, by = ... }, not " .. show.value(t))
  end
  local read = options.read("balance", t, OPTIONS)
  local items = read_items(t)
  read.by = read.by or any_weight(items) and "weighted" or "round_robin"
  check(items, read)
  local own = { items = items, group = make(items, read), key = read.key }
  return callable.new("balance", function(req) return answer(own, req) end, authored(items, read))
end

return balance
