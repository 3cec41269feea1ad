-- testing.acts -- what a simulated model shall do: t:model("openai/gpt-4o", act, ...).
--
-- An act is the script of a simulated provider with some words more. Of several
-- acts the first that holds is played, so they read as a story:
--
--     t:model("openai/gpt-4o", { fails = 503, times = 3 }, { hangs = true, from = "1m" })

local address = require "perilune.address"
local core = require "perilune.core"
local options = require "perilune.options"
local sim = require "perilune.sim"
local units = require "perilune.units"

local acts = {}

local SECONDS = { second = 1, minute = 60, hour = 3600, day = 86400, week = 604800 }

local function latency(v, name)
  if type(v) ~= "table" then return options.duration(v, name) end
  if #v ~= 2 then options.wrong(v, name, 'a duration, or two: { "50ms", "2s" }') end
  return { options.duration(v[1], name), options.duration(v[2], name) }
end

local function limits(v, name)
  local read = {}
  for _, text in ipairs(type(v) == "table" and v or { v }) do
    local amount = units.amount(text, name)
    if amount.unit == "usd" or not SECONDS[amount.per] then
      options.wrong(text, name, 'such as "10 requests/min" or "90k tokens/min"')
    end
    read[amount.unit] = { n = amount.n, per = SECONDS[amount.per] }
  end
  return read
end

local WORDS = {
  latency = latency,                 -- a duration, or two between which it is drawn
  limits = limits,                   -- 429 beyond them, and headers that tell
  headers = address.headers,         -- added to every head
  error = options.text,              -- an error body of this code
  retry_after = options.duration,    -- told with an error
  from = options.duration,           -- begins so long from now
  lasts = options.timeout,           -- and ends so long after that
}
for word, checker in pairs(sim.words) do WORDS[word] = WORDS[word] or checker end

local function flatten(act)
  local range, limit = act.latency, act.limits or {}
  if type(range) == "table" then act.latency, act.latency_most = range[1], range[2] end
  act.requests, act.token_limit = limit.requests, limit.tokens
  local headers = {}
  for field, value in pairs(act.headers or {}) do headers[#headers + 1] = { field, value } end
  table.sort(headers, function(a, b) return a[1] < b[1] end)
  act.headers = headers
  return act
end

--- The acts of a call of t:model, checked, as the world wants them.
function acts.read(list)
  local read = {}
  if #list == 0 then list = { {} } end -- well again, whatever its provider is
  for i, act in ipairs(list) do
    if type(act) ~= "table" then
      core.raise 't:model: an act is a table, such as { fails = 503, times = 2 }'
    end
    read[i] = flatten(options.read("t:model", act, WORDS))
  end
  return read
end

--- A model's name: "openai/gpt-4o", "openai/*" for all of a provider, "*" for all.
function acts.name(v)
  if v == "*" then return v end
  if type(v) ~= "string" or not v:find "^[^/]+/.+$" then
    local hint = type(v) == "string" and not v:find "/" and ('; write "%s/*"'):format(v) or ""
    core.raise(('t:model: expected a name such as "openai/gpt-4o"%s'):format(hint))
  end
  return v
end

return acts
