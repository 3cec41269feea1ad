-- race: p.race, and what it shares with p.hedge.

local check = require "check"
local fake = require "fake_core"

local p = 'local p = require "perilune"\n'

-- later(seconds, v) is a rung that says v after so long.
local function race(policy)
  return fake.world().load(p .. 'local later = require "perilune.core".later\n' .. policy)
end

check.that("all are asked at once and the first reply wins", function()
  local world = race [[
    return p.race { later(5, p.say "five"), later(2, p.say "two"), later(9, p.say "nine") }]]
  check.is(world.ask().said, "two")
  check.is(world.time, 2)
  check.is(world.pruned, 2)
  check.is(world.forked[2], false)
  check.is(world.waits[1], false)
end)

check.that("who declines is no winner", function()
  local world = race 'return p.race { later(1), later(2, p.say "two"), "openai/a" }'
  world.script.a = { { fault = "network" } }
  check.is(world.ask().said, "two")
end)

check.that("it declines when all have", function()
  local world = race 'return p.race { later(1), "openai/a" }'
  world.script.a = { { fault = "network" } }
  local reply, fault = world.ask()
  check.is(reply, nil)
  check.is(fault.kind, "network")
end)

check.that("a refusal waits for those who may answer; the first one stands", function()
  local world = race [[
    return p.race { later(2, p.refuse(403, "second")), later(1, p.refuse(404, "first")),
      later(3, p.say "three") }]]
  check.is(world.ask().said, "three")
  world = race [[
    return p.race { later(2, p.refuse(403, "second")), later(1, p.refuse(404, "first")) }]]
  check.is(world.ask().status, 404)
end)

check.that("a race in a race is a rung like others", function()
  local world = race [[
    return p.race { later(9, p.say "nine"), p.race { "openai/a", later(4) } }]]
  check.is(world.ask().said, "the answer of a")
end)

check.that("what is no reply is told with its place in the list", function()
  local world = race [[
    local it = p.race { later(1, p.say "x"), function() return "hello" end }
    return function(req) local reply = it(req) return reply end]]
  local ok, why = pcall(world.ask)
  check.is(ok, false)
  check.is(why, "P:4: race: item 2 returned a text, not a reply")
end)

check.that("p.rescue takes a race without functions", function()
  check.is(pcall(fake.world().load, p .. 'p.rescue(p.race { "openai/a", "openai/b" }) '
    .. 'return "openai/c"'), true)
  check.raises("P:2: rescue: item 1 runs a function of yours; what answers when Lua fails "
    .. "may hold models, lists and written replies only",
    p .. 'p.rescue(p.race { "openai/a", function() end }) return "openai/c"')
end)

check.that("what is missing or too much is told", function()
  check.raises("P:2: race: 1 rung; it takes 2 to 16", p .. 'local it = p.race { "openai/a" }')
  check.raises("P:2: race: 0 rungs; it takes 2 to 16", p .. "local it = p.race {}")
  check.raises("P:2: race: expected a list such as { a, b }, not \"openai/a\"",
    p .. 'local it = p.race "openai/a"')
  check.raises("P:2: race: item 2 of 3 is nil (is a field misspelt?)",
    p .. 'local it = p.race { "openai/a", nil, "openai/b" }')
  check.raises("P:2: race: unknown option 'after' (there are none)",
    p .. 'local it = p.race { "openai/a", "openai/b", after = "1s" }')
  check.raises("P:2: race: 5 is not a rung (a model, a list, a function or a written reply is)",
    p .. 'local it = p.race { "openai/a", 5 }')
end)
