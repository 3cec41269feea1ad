-- testing.worlds -- the fixed worlds that `perilune check` runs a policy in.
--
-- All is well; each model is down; all are; limits are hit; the request is at
-- fault; the stream breaks off; the policy's budgets are empty, its limits hit. A
-- long request, one with tools and one of an admin are shown where they go another
-- way. A model that is first asked when another is down, or by such a request, gets
-- a world of its own, too, so every rung is seen.

local calendar = require "testing.calendar"
local request = require "testing.request"

local worlds = {}

local DAY = 86400
local MOST = 40 -- worlds of one policy

-- What every model does in a world, and how it is asked there.
local SHARED = {
  { name = "all down", act = { fails = 503 } },
  { name = "limits hit", act = { fails = 429, retry_after = 30 } },
  { name = "bad request", act = { error = "invalid_request_error" } },
  { name = "content filtered", act = { error = "content_filter" } },
  { name = "context too long", act = { error = "context_length_exceeded" } },
  { name = "cut stream", act = { cuts_after = 4 }, stream = true },
}

-- Requests that many policies send elsewhere.
local TOOL = { type = "function", ["function"] = { name = "look_up",
  parameters = { type = "object" } } }
local OTHERS = {
  { name = "a long request", ask = { text = ("word "):rep(4000) } },
  { name = "with tools", ask = { tools = { TOOL } } },
  { name = "an admin's key", ask = { key = { admin = true } } },
}

-- What the policy itself allows no more: done to the world before the request;
-- false when the policy has none of it.
local SPENT = {
  { name = "budgets empty", spend = function(world) return world:empty_budgets() end },
  { name = "over p.limit", spend = function(world) return world:hit_limits() > 0 end },
}

-- An act as the world wants it, see testing.acts.
local function act_of(act)
  local whole = { headers = {}, from = 0 }
  for word, v in pairs(act) do whole[word] = v end
  return whole
end

local function policy_error(log, decode)
  for line in log:gmatch "[^\n]+" do
    local event = decode(line)
    if event.event == "policy_error" then return event.message end
  end
end

-- The models that a world asked for, noted in `met` in the order they were met,
-- each with the request that met it.
local function meet(world, met, ask)
  for _, upstream in ipairs(world:upstreams()) do
    if upstream.arrivals + upstream.refused > 0 and not met[upstream.name] then
      met[upstream.name] = ask
      met[#met + 1] = upstream.name
    end
  end
end

local NOTHING = {}

local function asked(case)
  local ask = { model = case.model, stream = case.stream }
  for name, v in pairs(case.ask or NOTHING) do ask[name] = v end
  return ask
end

-- One request in a world of its own: what came of it. Fields of `case`: name,
-- stream, model (what the client names), ask (more of the request), acts (by
-- model), spend (see SPENT; nil if the policy has none of it).
local function run(tool, source, case, met)
  local world = tool.world { seed = 1, calendar = calendar.default }
  local ok, why = world:load(source)
  if not ok then
    world:close()
    return nil, why
  end
  local is_there = not case.spend or case.spend(world)
  for model, act in pairs(case.acts or {}) do world:play(model, { act_of(act) }) end
  local sent = request.read(asked(case), tool.quote)
  sent.at = 0
  local guest = world:guest(sent)
  world:run(guest, DAY)
  local o = world:outcome(guest)
  o.name, o.policy_error = case.name, policy_error(world:log(), tool.decode)
  meet(world, met, case.ask or NOTHING)
  world:close()
  return is_there and o or nil
end

local function acts_of(models, act)
  local acts = {}
  for _, model in ipairs(models) do acts[model] = act end
  return acts
end

-- Run a shared world until it asks for nobody that is not in it.
local function run_shared(tool, source, case, met)
  local o, n
  repeat
    n = #met
    o = run(tool, source, { name = case.name, stream = case.stream, model = case.model,
      acts = acts_of(met, case.act) }, met)
  until #met == n
  return o
end

-- Is a model asked when the client names it? For policies that let it choose.
local function is_asked_by_name(tool, source, model)
  local met = {}
  run(tool, source, { name = model, model = model }, met)
  return met[model] ~= nil
end

local function unreached(tool, source, models, met)
  local list = {}
  for _, model in ipairs(models) do
    if model:find "/" and not met[model] and not is_asked_by_name(tool, source, model) then
      list[#list + 1] = model
    end
  end
  return list
end

-- What a client names: a model the policy declares; where that one is refused,
-- or there is none, what the refusal of p.asked or p.allow says there is.
local function name_for(tool, source, models)
  local first = models[1] or "any"
  local o = run(tool, source, { name = "", model = first }, {})
  local refused = o.error and (o.status == 403 or o.status == 404)
  local offer = refused and o.error.message:match "may name: ([^, ]+)"
  return offer and offer:gsub("%*", "any") or first
end

-- A world for each model that was met and has none yet; more may be met in them.
local function run_each_down(tool, source, named, downs, met)
  while met[#downs + 1] and #downs < MOST do
    local model = met[#downs + 1]
    downs[#downs + 1] = run(tool, source, { name = model .. " down", model = named,
      ask = met[model], acts = { [model] = { fails = 503 } } }, met)
  end
end

-- The outcomes of the other requests that go another way than the plain one.
local function run_others(tool, source, named, plain, met)
  local list = {}
  for _, case in ipairs(OTHERS) do
    local o = run(tool, source, { name = case.name, model = named, ask = case.ask }, met)
    if o.path ~= plain.path or o.status ~= plain.status then list[#list + 1] = o end
  end
  return list
end

local function append(list, more)
  table.move(more, 1, #more, #list + 1, list)
end

--- Run the policy of a source in every world; `models` are those it declares.
-- Returns the outcomes, `name` and `policy_error` among them, and the declared
-- models that nobody asked in any world.
function worlds.run(tool, source, models)
  local met, downs, shared = {}, {}, {}
  local named = name_for(tool, source, models)
  local list = { run(tool, source, { name = "all well", model = named }, met) }
  append(list, run_others(tool, source, named, list[1], met))
  run_each_down(tool, source, named, downs, met)
  for i, case in ipairs(SHARED) do
    shared[i] = run_shared(tool, source, { name = case.name, act = case.act,
      stream = case.stream, model = named }, met)
  end
  run_each_down(tool, source, named, downs, met) -- who was met in those only
  append(list, downs)
  append(list, shared)
  for _, case in ipairs(SPENT) do
    local over = { name = case.name, spend = case.spend, model = named }
    list[#list + 1] = run(tool, source, over, met)
  end
  return list, unreached(tool, source, models, met)
end

return worlds
