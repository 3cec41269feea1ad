-- perilune.providers -- p.provider: where models live, and how they are asked.
--
-- Known services need no declaration (presets.lua). Declaring one of them
-- changes what is said and keeps the rest, with one exception: under another
-- url the usual key is not sent, because a key goes to no host but its own.

local address = require "perilune.address"
local core = require "perilune.core"
local moment = require "perilune.moment"
local most = require "perilune.most"
local named = require "perilune.named"
local nearest = require "perilune.nearest"
local options = require "perilune.options"
local presets = require "perilune.presets"
local secret = require "perilune.secret"
local show = require "perilune.show"
local sim = require "perilune.sim"
local units = require "perilune.units"

local providers = {}

local function reply_size(v, name)
  return options.whole(1024, 1 << 40)(units.bytes(v, name), name)
end

local OPTIONS = {
  url = address.url,
  key = address.key,
  keys = address.keys,
  auth = address.auth,
  headers = address.headers,
  http2 = options.flag,
  usage = options.flag,
  concurrency = options.whole(1, 100000),
  queue = options.whole(1, 100000),
  queue_wait = options.timeout,
  max_reply = reply_size,
  max_out = most.max_out,
  limit_as = options.choice { "max_tokens", "max_completion_tokens" },
  stops = options.flag,
  sim = sim.script,
}
local PASSED_ON = { "headers", "http2", "concurrency", "queue", "queue_wait", "max_reply",
  "max_out" }
-- Who waits longer, or behind more, is better served by the next rung.
local QUEUE, QUEUE_WAIT = 100, 30

local made = {} -- by name: { provider =, where =, keys = }

-- The address: what is said, or else the preset's.
local function set_address(spec, name, given, preset)
  if given.url and given.sim then
    core.raise 'provider: "url" and "sim" at once; a provider is one or the other'
  end
  spec.url, spec.sim = given.url, given.sim
  if spec.url or spec.sim then return end
  if not preset then
    core.raise(('provider: "%s" needs an address: url = "https://host/v1"'):format(name))
  end
  spec.url, spec.sim = preset.url, preset.sim
end

-- What to set when none of them is there, for the message.
local function variables(spec)
  local names = {}
  for _, key in ipairs(spec.keys or { spec.key }) do
    names[#names + 1] = core.kind(key) == "secret" and secret.variable(key) or nil
  end
  return names[1] and table.concat(names, " or ") or nil
end

local function set_key(spec, given, preset)
  local usual = preset and preset.key
  if usual and spec.url ~= preset.url then usual = nil end -- DEFENCE(key_stays_home)
  if given.key and given.keys then
    core.raise 'provider: "key" and "keys" at once; put all of them into "keys"'
  end
  spec.keys = given.keys
  spec.key = given.key or not given.keys and usual and secret.new(usual) or nil
  local has_key = spec.key or spec.keys
  if not has_key and given.auth and given.auth ~= "none" then
    core.raise(('provider: auth = "%s" needs a key; write key = p.secret "NAME"')
      :format(given.auth))
  end
  if has_key and given.auth == "none" then
    core.raise 'provider: a key and auth = "none" at once; leave one of them out'
  end
  spec.auth = given.auth or has_key and "bearer" or "none"
  spec.key_name = variables(spec)
end

-- How it takes a limit and a hang-up. Under another url it may be somebody else.
local function set_habits(spec, given, preset)
  local same = preset and spec.url == preset.url and preset or {}
  spec.limit_as = given.limit_as or same.limit_as
  spec.runs_on = same.stops == false
  if given.stops ~= nil then spec.runs_on = not given.stops end
end

local function make(name, given)
  local preset, spec = presets.known[name], {}
  set_address(spec, name, given, preset)
  set_key(spec, given, preset)
  for _, option in ipairs(PASSED_ON) do spec[option] = given[option] end
  if spec.concurrency then
    spec.queue = spec.queue or QUEUE
    spec.queue_wait = spec.queue_wait or QUEUE_WAIT
  end
  set_habits(spec, given, preset)
  spec.usage = given.usage
  if spec.usage == nil then spec.usage = not preset or preset.usage ~= false end
  local provider = core.provider(name, spec)
  made[name] = { provider = provider, where = core.where(),
    keys = spec.keys or { spec.key } }
  return provider
end

local function check_name(name)
  if type(name) == "string" and name:find "^%w[%w._-]*$" then return end
  core.raise(("provider: %s is not a name (letters, digits and . _ -)")
    :format(show.value(name)))
end

-- A text is the url, and so is a first item.
local function with_url(t)
  t = options.table_of("provider", t, "a table of options such as { url = ... }")
  if t[1] == nil then return t end
  if t[2] ~= nil or t.url ~= nil then core.raise "provider: one url is enough" end
  local named_url = {}
  for key, v in pairs(t) do named_url[key == 1 and "url" or key] = v end
  return named_url
end

-- What no message shows and a second declaration must repeat.
local function hidden(t)
  local said = { type(t.headers) == "table" and show.options(t.headers) or "" }
  for _, key in ipairs(t.keys or { t.key }) do
    said[#said + 1] = type(key) == "string" and key or tostring(key)
  end
  return table.concat(said, "\n")
end

--- p.provider: declare a provider, or change a known one.
function providers.declare(name, t)
  moment.load("provider", name)
  check_name(name)
  t = with_url(t)
  local given = options.read("provider", t, OPTIONS)
  if made[name] and made[name].preset then
    core.raise(('provider "%s" was used at %s already; declare it above that')
      :format(name, made[name].where))
  end
  local text = show.options(t, { key = true, keys = true, headers = true })
  return named.once("provider", name, text, function() return make(name, given) end, hidden(t))
end

local function everyone()
  local all = {}
  for name in pairs(presets.known) do all[name] = true end
  for name in pairs(made) do all[name] = true end
  return show.names(all)
end

local function unknown(kind, name)
  local example = presets.example[name]
  if example then
    core.raise(('%s: the address of "%s" is your own; declare it: %s')
      :format(kind, name, example))
  end
  local meant = nearest.word(name, everyone())
  core.raise(('%s: there is no provider "%s"%s; declare it above: p.provider("%s", '
    .. '{ url = "https://host/v1", key = p.secret "NAME" }), or use one of: %s'):format(
    kind, name, meant and (' (did you mean "%s"?)'):format(meant) or "", name,
    table.concat(everyone(), ", ")))
end

--- The provider of that name, declared or known; raises when there is none.
-- `kind` begins the message.
function providers.get(kind, name)
  if made[name] then return made[name].provider end
  if not presets.known[name] then unknown(kind, name) end
  make(name, {})
  made[name].preset = true
  return made[name].provider
end

local function any_there(keys)
  for _, key in ipairs(keys) do
    local variable = core.kind(key) == "secret" and secret.variable(key)
    if not variable or core.has_env(variable) then return true end
  end
  return #keys == 0
end

--- p.has: can this provider be asked: is its key there, or needs it none?
function providers.has(name)
  if type(name) ~= "string" then
    core.raise(("has: expected a provider's name, not %s"):format(show.value(name)))
  end
  if made[name] then return any_there(made[name].keys) end
  if presets.example[name] then return false end -- not declared
  local preset = presets.known[name] or unknown("has", name)
  return not preset.key or core.has_env(preset.key)
end

return providers
