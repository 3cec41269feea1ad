-- breaker: p.breaker, and the options of a model that guard it.

local check = require "check"
local fake = require "fake_core"

local p = 'local p = require "perilune"\n'

check.that("a rung behind a breaker is asked, and what came of it is told", function()
  local world = fake.world()
  world.script.a = { "well", { fault = "network" } }
  world.load(p .. 'return p.breaker("one", { "openai/a", failures = 3, open = "1min" })')
  check.is(world.ask().said, "well")
  check.is(world.told[1], true)
  check.is(select(2, world.ask()).kind, "network")
  check.is(world.told[2], false)
  check.is(world.breakers.one.failures, 3)
  check.is(world.breakers.one.open, 60)
end)

check.that("an open one declines without asking", function()
  local world = fake.world()
  world.open = true
  world.load(p .. 'return { p.breaker("one", "openai/a"), "openai/b" }')
  check.is(world.ask().said, "the answer of b")
  check.is(world.calls.a, nil)
end)

check.that("what cannot be is told", function()
  local function told(message, text)
    check.raises("P:2: " .. message, p .. "local b = p.breaker(" .. text .. ")")
  end
  told("breaker: 5 is not a name (letters, digits and . _ -)", "5")
  told("breaker: the first item says which rung; it is nil (is a field misspelt?)",
    '"one", { failures = 3 }')
  told("breaker: one rung; put several in braces of their own: { { a, b }, failures = 3 }",
    '"one", { "openai/a", "openai/b" }')
  told("breaker: unknown option 'slow' (there are: failures, least, open, rate, window)",
    '"one", { "openai/a", slow = "8s" }')
end)

check.that("a model says when its breaker opens, and how many calls it has", function()
  local world = fake.world().load(p .. [[return p.model { "openai/a", concurrency = 8,
    breaker = { failures = 3, rate = 0.2, least = 10, window = "1min", slow = "8s" } }]])
  local spec = world.models[1]
  check.is(spec.concurrency, 8)
  check.is(spec.breaker.failures, 3)
  check.is(spec.breaker.rate, 0.2)
  check.is(spec.breaker.window, 60)
  check.is(spec.breaker.slow, 8)
  world = fake.world().load(p .. 'return p.model { "openai/a", breaker = false, '
    .. 'concurrency = "adaptive" }')
  check.is(world.models[1].breaker, false)
  check.is(world.models[1].concurrency, "adaptive")
end)

check.that("a model's guard that cannot be is told", function()
  local function told(message, option)
    check.raises("P:2: " .. message, p .. 'local m = p.model { "openai/a", ' .. option .. " }")
  end
  told([['breaker = 5' is not false or a table such as { failures = 3, open = "1min" }]],
    "breaker = 5")
  told("'rate = 50' is not a share from 0 to 1, such as 0.5", "breaker = { rate = 50 }")
  told("breaker: unknown option 'opens' (there are: failures, least, open, rate, slow, window); "
    .. 'did you mean "open"?', 'breaker = { opens = "1s" }')
  told([['concurrency = "many"' is not a whole number of calls at a time, or "adaptive"]],
    'concurrency = "many"')
  told("'concurrency = 0' is not a whole number from 1 to 100000", "concurrency = 0")
end)
