-- ladder: rungs asked one after another.

local check = require "check"
local fake = require "fake_core"

local p = 'local p = require "perilune"\n'

check.that("the first reply ends the ladder", function()
  local world = fake.world().load 'return { "openai/a", "openai/b" }'
  world.ask()
  check.is(#world.asked, 1)
end)

check.that("a refusal is a reply and ends it too", function()
  local world = fake.world()
  world.script.a = { { refuse = 400 } }
  world.load 'return { "openai/a", "openai/b" }'
  check.is(world.ask().refused, true)
  check.is(#world.asked, 1)
end)

check.that("at its end a ladder declines with the last fault", function()
  local world = fake.world()
  world.script.a, world.script.b = { { fault = "auth" } }, { { fault = "network" } }
  world.load 'return { "openai/a", "openai/b" }'
  local reply, fault = world.ask()
  check.is(reply, nil)
  check.is(fault.kind, "network")
end)

check.that("false counts as nil", function()
  local world = fake.world().load(p .. "return { function() return false end, p.say 'x' }")
  check.is(world.ask().said, "x")
end)

check.that("ladders stand in ladders", function()
  local world = fake.world()
  world.script.a, world.script.b = { { fault = "network" } }, { { fault = "network" } }
  world.load 'return { { "openai/a", "openai/b" }, { { "openai/c" } } }'
  check.is(world.ask().said, "the answer of c")
end)

check.that("a function that returns no reply is told which it is", function()
  check.raises_asked('ladder: item 1 returned true, not a reply; a condition belongs before '
    .. '"and": "hard(req) and large(req)"', "return { function() return true end }")
  check.raises_asked('ladder: item 1 returned a text, not a reply; write p.say "hello"',
    'return { function() return "hello" end }')
  check.raises_asked("ladder: item 2 returned the rung small, not its reply; write small(req)", p
    .. 'local small = p.model { "openai/a", as = "small" }\n'
    .. "return { function() end, function() return small end }")
end)
