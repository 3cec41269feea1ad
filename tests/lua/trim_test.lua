-- trim: p.trim.

local check = require "check"
local fake = require "fake_core"

local p = 'local p = require "perilune"\n'
local TOO_LONG = { fault = "context_too_long" }

-- A world whose trimming leaves a mark: how it was asked, in order.
local function world_of(script, policy)
  local world = fake.world()
  world.script.a = script
  return world.load(p .. policy)
end

check.that("the rung is asked with the shorter request", function()
  local world = world_of({ "fine" }, 'return p.trim { "openai/a", to = "32k tokens", last = 4 }')
  check.is(world.ask().said, "fine")
  check.is(#world.trimmed, 1)
  check.is(world.trimmed[1].to, 32000)
  check.is(world.trimmed[1].last, 4)
  check.is(world.trimmed[1].harder, false)
end)

check.that("without `to` nothing is trimmed before it must be", function()
  local world = world_of({ "fine" }, 'return p.trim { "openai/a" }')
  check.is(world.ask().said, "fine")
  check.is(#world.trimmed, 0)
end)

check.that("what is too long all the same is asked once more, with less", function()
  local world = world_of({ TOO_LONG, "fine" }, 'return p.trim { "openai/a", to = 500 }')
  check.is(world.ask().said, "fine")
  check.is(#world.trimmed, 2)
  check.is(world.trimmed[2].harder, true)
  check.is(#world.asked, 2)
end)

check.that("once more, and no more", function()
  local world = world_of({ TOO_LONG }, 'return p.trim { "openai/a" }')
  local reply, fault = world.ask()
  check.is(reply, nil)
  check.is(fault.kind, "context_too_long")
  check.is(#world.asked, 2)
end)

check.that("when nothing can be left out it is not asked again", function()
  local world = world_of({ TOO_LONG }, 'return p.trim { "openai/a" }')
  world.untrimmable = true
  world.ask()
  check.is(#world.asked, 1)
end)

check.that("another failure is not asked again", function()
  local world = world_of({ { fault = "network" } }, 'return p.trim { "openai/a", to = 500 }')
  local _, fault = world.ask()
  check.is(fault.kind, "network")
  check.is(#world.asked, 1)
end)

check.that("a refusal passes", function()
  local world = world_of({ { refuse = 400 } }, 'return p.trim { "openai/a", to = 500 }')
  check.is(world.ask().status, 400)
  check.is(#world.asked, 1)
end)

check.that("tokens are written as people say them", function()
  for said, n in pairs { ['"32k tokens"'] = 32000, ['"1.5k"'] = 1500, ['"200 tokens"'] = 200,
    ["4096"] = 4096, ['"1M tokens"'] = 1000000 } do
    local world = world_of({ "fine" }, ('return p.trim { "openai/a", to = %s }'):format(said))
    world.ask()
    check.is(world.trimmed[1].to, n)
  end
end)

check.that("without a function it may stand in p.rescue, with one it may not", function()
  fake.world().load(p .. 'p.rescue { p.trim { "openai/a", to = 500 } } return "openai/a"')
  check.raises("P:2: rescue: item 1 runs a function of yours; what answers when Lua fails may "
    .. "hold models, lists and written replies only",
    p .. 'p.rescue { p.trim { "openai/a", pin = function() end } } return "openai/a"')
end)

check.that("what is missing or wrong is told", function()
  check.raises('P:2: trim: expected { rung, to = "32k tokens" }, not 5', p .. "local t = p.trim(5)")
  check.raises("P:2: trim: the first item says which rung; it is nil (is a field misspelt?)",
    p .. "local t = p.trim { to = 500 }")
  check.raises("P:2: trim: one rung; put several in braces of their own: "
    .. '{ { a, b }, to = "32k tokens" }', p .. 'local t = p.trim { "openai/a", "openai/b" }')
  check.raises("P:2: 'to = \"32k tokens/day\"' is not a number of tokens of at least 100, "
    .. 'such as "32k tokens"', p .. 'local t = p.trim { "openai/a", to = "32k tokens/day" }')
  check.raises("P:2: 'to = 5' is not a number of tokens of at least 100, such as \"32k tokens\"",
    p .. 'local t = p.trim { "openai/a", to = 5 }')
  check.raises("P:2: 'pin = 5' is not a function", p .. 'local t = p.trim { "openai/a", pin = 5 }')
  check.raises("P:2: 'note = \"\"' is not a text in UTF-8",
    p .. 'local t = p.trim { "openai/a", note = "" }')
  check.raises("P:2: trim: unknown option 'marker' (there are: last, note, pin, to); "
    .. 'did you mean "note"?', p .. 'local t = p.trim { "openai/a", marker = "x" }')
end)
