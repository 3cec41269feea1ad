-- allow: which team may ask for which models.

local check = require "check"
local fake = require "fake_core"

local p = 'local p = require "perilune"\n'
local TEAMS = 'local allow = p.allow { gold = { "openai/*", "xai/grok" }, '
  .. '["*"] = "openai/small" }\n'
local GATED = TEAMS .. 'local asked = p.asked { "openai/*", "xai/*" }\n'
  .. "return function(req) return allow(req) or asked(req) end"

local function ask(state, policy)
  local world = fake.world().load(p .. (policy or GATED))
  return world.ask(state), world.asked[1]
end

check.that("a team may ask for the models of its list", function()
  local _, asked = ask { model = "openai/large", team = "gold" }
  check.is(asked, "openai/large")
  _, asked = ask { model = "xai/grok", team = "gold" }
  check.is(asked, "xai/grok")
end)

check.that("what is in no list of the team's is refused with 403", function()
  local reply, asked = ask { model = "xai/grok-2", team = "gold" }
  check.is(reply.status, 403)
  check.is(reply.code, "model_not_allowed")
  check.is(reply.refused, true)
  check.is(reply.said, 'The model "xai/grok-2" is not allowed here; a request may name: '
    .. "openai/*, xai/grok")
  check.is(asked, nil)
end)

check.that("* is for teams that are not named, and for nobody's", function()
  for _, team in ipairs { "iron", false } do
    local _, asked = ask { model = "openai/small", team = team or nil }
    check.is(asked, "openai/small")
    check.is(ask({ model = "openai/large", team = team or nil }).status, 403)
  end
end)

check.that("without * others may ask for nothing", function()
  local policy = 'return { p.allow { gold = { "openai/*" } }, "openai/small" }'
  local reply = ask({ model = "openai/small" }, policy)
  check.is(reply.status, 403)
  check.is(reply.said, 'The model "openai/small" is not allowed here; a request may name: none')
  local _, asked = ask({ model = "openai/small", team = "gold" }, policy)
  check.is(asked, "openai/small")
end)

check.that("a key's own models hold, too", function()
  local key = { id = "key_1", models = { "openai/small" } }
  local reply = ask { model = "openai/large", team = "gold", key = key }
  check.is(reply.status, 403)
  check.is(reply.said, 'The model "openai/large" is not allowed here with this key; a request '
    .. "may name: openai/small")
  local _, asked = ask { model = "openai/small", team = "gold", key = key }
  check.is(asked, "openai/small")
end)

check.that("a declared model is judged by its whole name, whatever it is called", function()
  local policy = TEAMS .. [[
local m = p.model { "xai/grok", as = "fun" }
return function(req) return allow(req) or m(req) end]]
  for _, name in ipairs { "fun", "grok" } do
    local _, asked = ask({ model = name, team = "gold" }, policy)
    check.is(asked, "xai/grok")
    check.is(ask({ model = name, team = "iron" }, policy).status, 403)
  end
end)

check.that("a request that names no model is 400", function()
  check.is(ask({ model = "", team = "gold" }).status, 400)
end)

check.that("mistakes are told at the policy's line", function()
  local function raises(why, text)
    local _, said = pcall(fake.world().load, p .. text)
    check.has(said, "P:2: allow: " .. why)
  end
  raises("expected models by team", "local a = p.allow() return { a }")
  raises("each team has a name", 'local a = p.allow { "openai/*" } return { a }')
  raises('"gpt-4o" names no provider; write it like "openai/*"',
    'local a = p.allow { gold = "gpt-4o" } return { a }')
  raises('"a/*b*" has more than one *', 'local a = p.allow { gold = { "a/*b*" } } return { a }')
  raises("the models of gold are a list of texts", "local a = p.allow { gold = 7 } return { a }")
end)
