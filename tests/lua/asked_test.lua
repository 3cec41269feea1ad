-- asked: the model the client named.

local check = require "check"
local fake = require "fake_core"

local p = 'local p = require "perilune"\n'

local function reply_to(name, policy)
  local world = fake.world().load(p .. policy)
  return world.ask({ model = name }), world.asked[1]
end

local function goes_to(target, name, policy)
  local _, asked = reply_to(name, policy)
  check.is(asked, target)
end

local BOTH = 'return p.asked { "openai/*", "anthropic/claude-*" }'

check.that("provider/name goes where it says", function()
  goes_to("openai/gpt-4o", "openai/gpt-4o", BOTH)
  goes_to("anthropic/claude-x", "anthropic/claude-x", BOTH)
  goes_to("openai/ft/a/b", "openai/ft/a/b", BOTH)
end)

check.that("a name that fits no pattern is 404 and says what there is", function()
  for _, name in ipairs { "anthropic/opus", "gemini/x", "gpt-4o", "openai/", "/", "openai" } do
    local reply, asked = reply_to(name, BOTH)
    check.is(reply.status, 404)
    check.is(reply.code, "model_not_found")
    check.is(reply.refused, true)
    check.is(reply.said, ('There is no model "%s" here; a request may name: '):format(name)
      .. "openai/*, anthropic/claude-*")
    check.is(asked, nil)
  end
end)

check.that("no name is 400", function()
  check.is(reply_to(nil, BOTH).status, 400)
  check.is(reply_to("", BOTH).code, "missing_model")
end)

check.that("a bare name is a declared model that fits a pattern", function()
  local policy = 'p.model { "openai/gpt-4o", as = "large" }\n' .. BOTH
  goes_to("openai/gpt-4o", "large", policy)
  goes_to("openai/gpt-4o", "gpt-4o", policy)
end)

check.that("a declared model that fits none stays the policy's own", function()
  local reply = reply_to("secret-model", 'p.model "xai/secret-model"\n' .. BOTH)
  check.is(reply.status, 404)
end)

check.that("a whole pattern can be named bare", function()
  goes_to("openai/gpt-4o", "gpt-4o", 'return p.asked "openai/gpt-4o"')
end)

check.that("a model in the list can be named by alias, name or in full", function()
  local policy = 'local m = p.model { "xai/grok", as = "fun" }\nreturn p.asked { "openai/*", m }'
  for _, name in ipairs { "fun", "grok", "xai/grok" } do goes_to("xai/grok", name, policy) end
  check.has(reply_to("x", policy).said, "openai/*, fun")
end)

check.that("the options are those of a model", function()
  local world = fake.world().load(p .. 'return p.asked { "openai/*", first = "10s", tries = 2 }')
  check.is(world.models[1].first, 10)
  check.is(world.models[1].tries, 2)
  check.raises("P:2: asked: unknown option 'as' (there are: breaker, concurrency, connect, first, "
    .. "free, idle, max_out, most, on, total, tries)",
    p .. 'local a = p.asked { "openai/*", as = "x" }')
end)

check.that("bad patterns are told why", function()
  check.raises('P:2: asked: "gpt-*" names no provider; write it like "openai/*"',
    p .. 'local a = p.asked { "gpt-*" }')
  check.raises('P:2: asked: "openai/*-*" has more than one *',
    p .. 'local a = p.asked { "openai/*-*" }')
  check.raises('P:2: asked: item 2 of 2 is 5; write patterns such as "openai/*", or models',
    p .. 'local a = p.asked { "openai/*", 5 }')
  check.raises('P:2: asked: which models? Begin with patterns such as "openai/*"',
    p .. "local a = p.asked {}")
end)

check.that("it declines when its model does", function()
  local world = fake.world()
  world.script.a = { { fault = "overloaded" } }
  world.load(p .. 'return { p.asked "openai/*", p.sorry "busy" }')
  check.is(world.ask({ model = "openai/a" }).sorry, true)
end)
