-- cli.litellm -- LiteLLM's model_prices_and_context_window.json, as p.prices takes it.
--
--     "gpt-4o": { "litellm_provider": "openai", "mode": "chat",
--                 "input_cost_per_token": 2.5e-06, "output_cost_per_token": 1e-05,
--                 "cache_read_input_token_cost": 1.25e-06, ... }
--
-- Its prices are dollars per token, ours per million. What is not charged by the
-- token, and what says that it costs nothing, is left out: a model that is free
-- is said to be so by a policy.

local price = require "perilune.price"

local litellm = {}

local FIELDS = {
  input_cost_per_token = "input", output_cost_per_token = "output",
  cache_read_input_token_cost = "cached", cache_creation_input_token_cost = "write",
  output_cost_per_reasoning_token = "reasoning",
}

-- Kinds of models whose tokens are what is paid for; and those that give none out.
local MODES = { chat = true, completion = true, responses = true, embedding = true }
local MUTE = { embedding = true }

-- Providers that we know by another name.
local NAMES = { together_ai = "together", fireworks_ai = "fireworks", lambda_ai = "lambda",
  cohere_chat = "cohere", ["text-completion-openai"] = "openai",
  ["fireworks_ai-embedding-models"] = "fireworks" }

-- "azure/gpt-4o" of azure and "gpt-4o" of openai: the name in our words.
local function name_of(key, provider)
  local own, rest = key:match "^([^/]+)/(.+)$"
  local theirs = provider:match "^(vertex_ai)%-" or provider
  if own and (own == provider or own == theirs or NAMES[own] == NAMES[provider] and NAMES[own]) then
    key = rest
  end
  return (NAMES[provider] or theirs) .. "/" .. key
end

-- A price per million; nil and what is wrong with it.
local function per_million(field, v)
  if type(v) ~= "number" then return nil, ("%s is no number"):format(field) end
  local n = tonumber(("%.10g"):format(v * 1e6))
  if not n or price.wrong(field, n) then
    return nil, ("%s = %.10g is not a price per token"):format(field, v)
  end
  return n
end

-- Where a field belongs: the rate, and above how many thousand tokens (0: any).
local function place(field)
  if FIELDS[field] then return FIELDS[field], 0 end
  local base, above = field:match "^(.-)_above_(%d+)k_tokens$"
  return FIELDS[base or ""], tonumber(above)
end

local function sorted(t)
  local names = {}
  for name in pairs(t) do names[#names + 1] = name end
  table.sort(names)
  return names
end

-- The prices of one entry; nil, and what is wrong when something is.
local function prices_of(entry)
  local t = {}
  for _, field in ipairs(sorted(entry)) do
    local rate, above = place(field)
    if rate then
      local n, why = per_million(field, entry[field])
      if not n then return nil, why end
      local at = t
      if above > 0 then
        t.above = t.above or {}
        local text = ("%dk tokens"):format(above)
        t.above[text] = t.above[text] or {}
        at = t.above[text]
      end
      at[rate] = n
    end
  end
  if MUTE[entry.mode or ""] then t.output = t.output or 0 end
  if not (t.input and t.output) then return nil end
  return t
end

local function counts(entry)
  return type(entry) == "table" and type(entry.litellm_provider) == "string"
    and (entry.mode == nil or MODES[entry.mode])
end

-- Names with the provider in front come last: they are meant, should the two differ.
local function in_order(t)
  local keys = sorted(t)
  table.sort(keys, function(a, b)
    local plain_a, plain_b = not a:find "/", not b:find "/"
    if plain_a ~= plain_b then return plain_a end
    return a < b
  end)
  return keys
end

--- Read a decoded table. `wanted[provider]` says whose models, nil everybody's.
-- Gives { prices = by name, bad = { lines }, free = n, other = n }.
function litellm.read(t, wanted)
  local found = { prices = {}, bad = {}, free = 0, other = 0 }
  for _, key in ipairs(in_order(t)) do
    local entry = t[key]
    local name = counts(entry) and name_of(key, entry.litellm_provider)
    if key == "sample_spec" or not name then
      found.other = found.other + 1
    elseif not wanted or wanted[name:match "^[^/]+"] then
      local prices, why = prices_of(entry)
      local tiers
      if prices then tiers, why = price.read(prices) end
      if why then
        found.bad[#found.bad + 1] = ('"%s": %s'):format(key, why)
      elseif not prices then
        found.other = found.other + 1
      elseif tiers[1].input == 0 and tiers[1].output == 0 then
        found.free = found.free + 1
      else
        found.prices[name] = prices
      end
    end
  end
  return found
end

return litellm
