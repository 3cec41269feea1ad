-- fake_core -- a perilune.core whose models follow a script.
--
-- Every world is fresh: the library is loaded anew from lua/, into the same
-- small set of globals the sandbox gives it, so that what it may not use it
-- cannot use here either. A model's script says, call by call, what comes:
--
--     world.script["gpt-4o-mini"] = { "hello", { fault = "overloaded" }, { refuse = 400 } }
--
-- The last one repeats. What was asked is in world.asked, as "provider/model".

local add_branches = require "fake_branches"

local fake = {}

local KINDS = {} -- userdata of ours are tables whose metatable says what they are

local GLOBALS = { "assert", "error", "ipairs", "next", "pairs", "pcall", "xpcall", "select",
  "tonumber", "tostring", "type", "rawequal", "rawget", "rawlen", "rawset", "setmetatable",
  "getmetatable", "string", "table", "math", "utf8" }

local function make(kind, fields, call)
  KINDS[fields] = kind
  return setmetatable(fields, { __call = call, __name = kind, __close = function() end,
    __tostring = function() return fields.shown or kind end })
end

-- type() must say userdata, as it does for the real ones.
local function type_of(...)
  return KINDS[(...)] and "userdata" or type(...)
end

-- "P:12: " for the first frame that is neither ours nor the library's.
local function where()
  for level = 2, 200 do
    local info = debug.getinfo(level, "Sl")
    if not info then return "" end
    local source = info.source
    local ours = source:find "^@lua/" or source:find "^@tests/" or source == "=[C]"
    if not ours then return source:sub(2) .. ":" .. info.currentline end
  end
end

local function raise(message)
  local at = where()
  error(at == "" and message or at .. ": " .. message, 0)
end

local function play(world, model, name, req)
  world.asked[#world.asked + 1] = model.provider .. "/" .. name
  local script = world.script[name] or { "the answer of " .. name }
  world.calls[name] = (world.calls[name] or 0) + 1
  local what = script[math.min(world.calls[name], #script)]
  if type(what) == "string" then
    return make("reply", { said = what, model = name, provider = model.provider })
  end
  if what.refuse then return make("reply", { refused = true, status = what.refuse }) end
  local fault = { kind = what.fault, status = 503, message = what.fault }
  req.state.fault = fault
  return nil, fault
end

local function add_models(core, world)
  function core.provider(name, spec)
    world.providers[name] = spec
    return make("provider", { name = name, shown = "provider " .. name })
  end

  function core.model(provider, spec)
    world.models[#world.models + 1] = spec
    local model = { name = spec.model, provider = provider.name, as = spec.as }
    function model.ask(self, req, name) return play(world, self, name, req) end
    return make("model", model, function(self, req) return play(world, self, self.name, req) end)
  end

  function core.written(spec)
    local reply = { said = spec.text, status = spec.status or 200, code = spec.code,
      refused = spec.kind == "refuse", sorry = spec.kind == "sorry" }
    return make("reply", reply, function(self) return self end)
  end

  function core.filtered(reply, fn, hold)
    return make("reply", { said = fn(reply.said) or reply.said, hold = hold })
  end

  function core.cut(text) return make("cut", { text = text }) end
  function core.fault(kind, status, message)
    return { kind = kind, status = status, message = message }
  end
  function core.set_fault(req, fault) req.state.fault = fault end
end

-- Groups ask their items in order; world.forced, world.open say how they stand.
local function add_guards(core, world)
  function core.balance(spec)
    world.groups[#world.groups + 1] = spec
    return spec
  end
  function core.balance_round(_, _, key)
    world.rounds = world.rounds + 1
    world.keys[world.rounds] = key
    return { at = 0 }
  end
  function core.balance_next(group, _, round)
    round.at = round.at + 1
    if group[round.at] then return round.at, world.forced end
  end
  function core.press(model)
    return make("reply", { said = "pressed " .. model.name })
  end
  function core.breaker(name, rules)
    world.breakers[name] = rules
    return rules
  end
  function core.breaker_enter() return not world.open and make("pass", {}) or nil end
  function core.breaker_tell(_, _, reply) world.told[#world.told + 1] = reply ~= nil end
end

-- Trimming leaves out what a world has nothing of: it only notes how it was asked.
local function add_rungs(core, world)
  world.trimmed = {}
  local function note(options, harder)
    local asked = { harder = harder }
    for name, v in pairs(options) do asked[name] = v end
    world.trimmed[#world.trimmed + 1] = asked
  end
  function core.trim(req, options)
    note(options, false)
    return req
  end
  -- A text is its own target; req.loop says that a tool's result came last.
  world.pins = {}
  function core.sticky_target(text) return text end
  function core.sticky(name, keep)
    world.kept = keep
    return { name = name }
  end
  function core.sticky_find(_, req, key) return world.pins[key], req.loop or false end
  function core.sticky_pinned() world.followed = true end
  function core.sticky_keep(_, _, key, target) if key then world.pins[key] = target end end
  function core.sticky_refuse() return make("reply", { refused = true, status = 503 }) end
  function core.failed() return false end
  function core.queue(name, all, rules)
    world.queue = { name = name, all = all, rules = rules }
    return world.queue
  end
  function core.queue_put() return world.queued end
  function core.limit(name, shape, wait, sets)
    world.limit = { name = name, shape = shape, wait = wait, sets = sets }
    return world.limit
  end
  function core.limit_ask(_, _, who, set)
    world.who, world.set = who, set
    return world.over and core.written { kind = "refuse", text = "no", status = 429 } or nil
  end
  function core.budget(spec)
    world.budget = spec
    return spec
  end
  function core.budget_ask(_, _, who, set)
    world.who, world.set = who, set
    return world.over and core.written { kind = "refuse", text = "no", status = 429 } or nil
  end
  function core.budget_begin() end
  function core.budget_end() end
  function core.budget_look(_, _, who, set)
    world.who, world.set = who, set
    return 60, 40
  end
  function core.webhook(address) return address end
  function core.webhook_send(hook, told) world.hooked = { hook, told } end
  function core.faq(text)
    if text == "bad" then return nil, "entry 2 has no \"question\"" end
    return { text = text }
  end
  function core.faq_answer(answers, req, min)
    world.min = min
    if req.text ~= "known" then return nil, req.fault end
    return core.written { kind = "say", text = answers.text }
  end
  function core.trim_harder(req, options)
    note(options, true)
    return not world.untrimmable and req or nil
  end
end

-- What the tests here write; how else an amount may be written is C's to say.
local UNITS = { requests = "requests", request = "requests", tokens = "tokens", usd = "usd" }
local FACTORS = { [""] = 1, k = 1000, M = 1000000 }
local PERIODS = { s = "second", min = "minute", h = "hour", hour = "hour", day = "day",
  week = "week", month = "month", request = "request" }

local function amount(text)
  local n, factor, unit, per = text:match "^([%d.]+)([kM]?) (%a+) ?/ ?(%a+)$"
  n = tonumber(n)
  if not n or not UNITS[unit] or not PERIODS[per] then return nil end
  return n * FACTORS[factor], UNITS[unit], PERIODS[per]
end

local function add_rest(core, world)
  core.amount = amount
  function core.price(name, tiers) world.prices[name] = tiers end
  function core.price_known(model)
    return model.provider == "sim" or world.prices[model.provider .. "/" .. model.name] ~= nil
  end
  function core.price_as(name, other)
    world.prices[name] = world.prices[other]
    return world.prices[other] ~= nil
  end
  function core.in_request() return world.in_request end
  function core.kind(v) return KINDS[v] end
  function core.sleep(seconds) world.slept = seconds end
  function core.now() return 1700000000.5 end
  function core.log(text, fields) world.logged = { text, fields } end
  function core.has_env(name) return world.env[name] ~= nil end
  function core.tokens(_, model) return "7 " .. tostring(model), true end
  function core.rescue(fn) world.rescue = fn end
  function core.idempotent(ttl, key) world.idempotent = { ttl = ttl, key = key } end
  function core.read(path)
    if world.files[path] then return world.files[path] end
    return nil, "No such file or directory"
  end
  function core.secret(spec)
    return make("secret", { shown = "secret " .. (spec.env or spec.file) })
  end
  function core.keeps() end
  function core.declare(kind, name, text)
    local id = kind .. " " .. name
    local first = world.declared[id]
    if first then return first.where, first.text end
    world.declared[id] = { where = where(), text = text }
  end
end

local function sandbox(require)
  local env = { require = require }
  for _, name in ipairs(GLOBALS) do env[name] = _G[name] end
  env.type = type_of
  return setmetatable(env, { __index = function(_, name)
    error("undefined global " .. tostring(name), 2)
  end })
end

local function loader(core)
  local loaded, env = { ["perilune.core"] = core }, nil
  local function require(name)
    if loaded[name] then return loaded[name] end
    local path = "lua/" .. name:gsub("%.", "/") .. ".lua"
    local file = assert(io.open(path))
    local chunk = assert(load(file:read "a", "@" .. path, "t", env))
    file:close()
    loaded[name] = chunk()
    return loaded[name]
  end
  env = sandbox(require)
  return require, env
end

--- A world: its script and what happened in it, `require` for the library's
-- modules, and policies.
function fake.world()
  local world = { script = {}, asked = {}, calls = {}, providers = {}, models = {},
    groups = {}, keys = {}, rounds = 0, breakers = {}, told = {},
    declared = {}, env = {}, prices = {}, files = {}, in_request = false }
  local core = { raise = raise, where = where, null = {}, json_encode = tostring,
    json_decode = tonumber, array = function(t) return t end }
  add_models(core, world)
  add_guards(core, world)
  add_rungs(core, world)
  add_rest(core, world)
  add_branches(core, world)
  local env
  world.require, env = loader(core)

  --- Load a policy written as text; its lines are "P:1" and on.
  function world.load(text)
    local value = assert(load(text, "@P", "t", env))()
    world.policy = world.require "perilune.rung".policy(value)
    return world
  end

  --- One request: the reply, or nil and a fault.
  function world.ask(fields)
    local state = { fault = { kind = "none" } }
    for name, v in pairs(fields or {}) do state[name] = v end
    local req = setmetatable({ state = state }, { __index = state })
    function state.with(_, changed) -- shares everything but what changed
      local new = setmetatable(changed, { __index = state })
      return setmetatable({ state = state }, { __index = new })
    end
    world.in_request = true
    local ok, reply, fault = pcall(world.policy, req)
    world.in_request = false
    if not ok then error(reply, 0) end
    return reply, fault
  end

  return world
end

return fake
