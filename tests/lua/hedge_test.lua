-- hedge: p.hedge.

local check = require "check"
local fake = require "fake_core"

local p = 'local p = require "perilune"\n'
-- later(seconds, v) is a rung that says v after so long.
local function hedge(policy)
  return fake.world().load(p .. 'local later = require "perilune.core".later\n' .. policy)
end

check.that("the next one is asked when the one before is slow", function()
  local world = hedge [[
    return p.hedge { later(50, p.say "a"), later(50, p.say "b"), later(3, p.say "c"),
      after = "10s" }]]
  check.is(world.ask().said, "c")
  check.is(world.time, 23)
  check.is(world.forked[1], false)
  check.is(world.forked[2], true)
  check.is(world.pruned, 2)
end)

check.that("a quick first one stays alone", function()
  local world = hedge 'return p.hedge { later(9, p.say "a"), later(1, p.say "b"), after = "10s" }'
  check.is(world.ask().said, "a")
  check.is(#world.forked, 1)
end)

check.that("who declines is replaced at once, and not on top", function()
  local world = hedge 'return p.hedge { later(1), later(1, p.say "b"), after = "10s" }'
  check.is(world.ask().said, "b")
  check.is(world.time, 2)
  check.is(world.forked[2], false)
end)

check.that("a refusal asks nobody further", function()
  local world = hedge [[
    return p.hedge { later(1, p.refuse(403, "no")), later(1, p.say "b"), after = "10s" }]]
  check.is(world.ask().status, 403)
  check.is(#world.forked, 1)
end)

check.that("whom the retry budget spares is asked when the first one declines", function()
  local world = hedge 'return p.hedge { later(30), later(1, p.say "b"), after = "10s" }'
  world.budget = false
  check.is(world.ask().said, "b")
  check.is(world.time, 31)
  check.is(world.forked[2], true)
  check.is(world.forked[3], false)
  check.is(world.waits[3], false)
end)

-- What the policy waits for before it asks the second one.
local function waits(options, usual)
  local world = fake.world()
  world.usual = usual
  world.load(p .. ("return p.hedge { 'openai/a', 'openai/b'%s }"):format(options))
  world.ask()
  return world.waits[1]
end

check.that("a percentile is of the first model, and two seconds until it is known", function()
  check.is(waits(', after = "p95"'), 2)
  check.is(waits ", after = '800ms'", 0.8)
  local asked
  local function usual(name, share)
    asked = name .. " " .. share
    return 0.25
  end
  check.is(waits(', after = "p90"', usual), 0.25)
  check.is(asked, "a 0.9")
  check.is(waits("", usual), 0.25)
  check.is(asked, "a 0.95")
end)

check.that("without a model in front it waits two seconds, unless told", function()
  local world = hedge 'return p.hedge { later(1, p.say "a"), "openai/b" }'
  world.ask()
  check.is(world.waits[1], 2)
  check.raises('P:2: hedge: a percentile is known of models, and the first item is ladder; '
    .. 'write a duration: after = "2s"',
    p .. 'local it = p.hedge { { "openai/a", "openai/c" }, "openai/b", after = "p95" }')
end)

check.that("what is no time to wait is told", function()
  for _, wrong in ipairs { "p5", "p49", "p100", "soon" } do
    check.raises(('P:2: \'after = "%s"\' is not a percentile from "p50" to "p99" or a duration '
      .. 'such as "800ms"'):format(wrong),
      p .. ('local it = p.hedge { "openai/a", "openai/b", after = "%s" }'):format(wrong))
  end
  check.raises("P:2: 'after = 0' is not more than nothing",
    p .. 'local it = p.hedge { "openai/a", "openai/b", after = 0 }')
  check.raises("P:2: hedge: unknown option 'afte' (there are: after); did you mean \"after\"?",
    p .. 'local it = p.hedge { "openai/a", "openai/b", afte = "1s" }')
  check.raises("P:2: hedge: 1 rung; it takes 2 to 16", p .. 'local it = p.hedge { "openai/a" }')
end)
