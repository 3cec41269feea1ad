-- perilune.model -- p.model: one model of one provider, and how patient we are.
--
-- A model is declared once, at load, and asked in every request. This file
-- also remembers what was declared, by every name a client may use for it.

local core = require "perilune.core"
local guard = require "perilune.guard"
local moment = require "perilune.moment"
local most = require "perilune.most"
local named = require "perilune.named"
local options = require "perilune.options"
local providers = require "perilune.providers"
local show = require "perilune.show"

local model = {}

-- Faults whose part in the ladder a policy may change (LANGUAGE rule 9).
local FAULTS = { "rate_limited", "quota_exhausted", "overloaded", "context_too_long",
  "content_filtered", "bad_request", "auth", "not_found", "server_error", "timeout_connect",
  "timeout_first", "timeout_idle", "timeout_total", "network", "broken_stream", "malformed" }

local declared = {} -- by alias and by the model's own name; the first one stays

local answer = options.choice { "decline", "refuse", "retry" }
local final = options.choice { "decline", "refuse" } -- waiting cures neither key nor account

local function on_fault(v, name)
  if type(v) ~= "table" then
    options.wrong(v, name, 'a table such as { content_filtered = "decline" }')
  end
  local spec = {}
  for _, kind in ipairs(FAULTS) do spec[kind] = answer end
  spec.auth, spec.quota_exhausted = final, final
  return options.read("on", v, spec)
end

local function alias(v, name)
  if type(v) ~= "string" or not v:find "^%w[%w._:-]*$" then
    options.wrong(v, name, 'a name (letters, digits and . _ : -)')
  end
  return v
end

--- The options that say how patient a call is and what it may take, with their checkers.
model.PATIENCE = {
  connect = options.timeout, first = options.timeout, idle = options.timeout,
  total = options.timeout, tries = options.whole(1, 10), on = on_fault, free = options.flag,
  breaker = guard.breaker, concurrency = guard.concurrency, max_out = most.max_out,
  most = most.of,
}

local OPTIONS = { as = alias }
for name, checker in pairs(model.PATIENCE) do OPTIONS[name] = checker end

local function guess(name)
  return name:find "^claude" and "anthropic" or name:find "^gemini" and "gemini" or "openai"
end

--- "provider/model" in two: the provider (userdata), and the model's name.
function model.split(kind, text)
  local provider, name = text:match "^([^/]+)/([%g]+)$"
  if provider then return providers.get(kind, provider), name end
  if text:find "^[%g]+$" and not text:find "/" then
    core.raise(('%s: "%s" names no provider; write "%s/%s"')
      :format(kind, text, guess(text), text))
  end
  core.raise(('%s: %s is not "provider/model", such as "openai/gpt-4o-mini"')
    :format(kind, show.value(text)))
end

local function only_item(t)
  if t[2] ~= nil then
    core.raise(("model: one model at a time, not %d; a ladder is a list without p.model: { %s }")
      :format(#t, show.options { t[1], t[2] }))
  end
  if type(t[1]) == "string" then return t[1] end
  core.raise(('model: the first item says which, such as "openai/gpt-4o-mini"; it is %s')
    :format(show.value(t[1])))
end

local function remember(made, full)
  for _, name in ipairs { made.as or full, made.name } do
    declared[name] = declared[name] or { model = made, full = full }
  end
end

local function make(full, spec)
  local provider
  provider, spec.model = model.split("model", full)
  local made = core.model(provider, spec)
  remember(made, full)
  return made
end

--- p.model: declare a model. `t` is "provider/model" or a table that begins
-- with it. Returns a rung: model(req), and model:ask(req, "another-name").
function model.new(t)
  moment.load("model", t)
  t = options.table_of("model", t, '"provider/model"')
  local full = only_item(t)
  local spec = options.read("model", t, OPTIONS)
  if not spec.as then return make(full, spec) end
  return named.once("model", spec.as, show.options(t), function() return make(full, spec) end)
end

--- The model a client may mean by a bare name: { model =, full = } or nil.
function model.find(name)
  return declared[name]
end

return model
