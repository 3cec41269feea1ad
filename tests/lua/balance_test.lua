-- balance: p.balance, and what its author is told.

local check = require "check"
local fake = require "fake_core"

local p = 'local p = require "perilune"\n'

local function loaded(text)
  return fake.world().load(p .. text)
end

check.that("a group asks its items by the core's choice", function()
  local world = loaded 'return p.balance { "openai/a", "openai/b" }'
  check.is(world.ask().said, "the answer of a")
  check.is(world.groups[1].by, "round_robin")
  check.is(world.groups[1].name, "round_robin openai/a,openai/b")
  check.is(world.groups[1][2].name, "openai/b")
end)

check.that("one that declines hands over to the next", function()
  local world = fake.world()
  world.script.a = { { fault = "network" } }
  world.load(p .. 'return p.balance { "openai/a", "openai/b" }')
  check.is(world.ask().said, "the answer of b")
end)

check.that("a group declines when all have", function()
  local world = fake.world()
  world.script.a = { { fault = "network" } }
  world.load(p .. 'return p.balance { "openai/a" }')
  local reply, fault = world.ask()
  check.is(reply, nil)
  check.is(fault.kind, "network")
end)

check.that("a weight makes it a weighted group", function()
  local group = loaded('return p.balance { { "openai/a", weight = 3 }, "openai/b" }').groups[1]
  check.is(group.by, "weighted")
  check.is(group[1].weight, 3)
  check.is(group[2].weight, nil)
  check.is(group.name, "weighted openai/a*3,openai/b")
end)

check.that("an item with a weight has its other options, too", function()
  local world = loaded 'return p.balance { { "openai/a", weight = 2, first = "5s" } }'
  check.is(world.models[1].first, 5)
  check.is(world.groups[1][1].model ~= nil, true)
end)

check.that("a group that ejects its last member says so to the core", function()
  check.is(loaded('return p.balance { "openai/a", eject_last = true }').groups[1].eject_last, true)
end)

check.that("one whose breaker is open is pressed when the core says so", function()
  local world = fake.world()
  world.forced = true
  world.load(p .. 'return p.balance { "openai/a" }')
  check.is(world.ask().said, "pressed a")
end)

check.that("a key is the user, the session or what a function says", function()
  local world = loaded 'return p.balance { "openai/a", by = "hash", key = "user" }'
  world.ask { user = "ann" }
  check.is(world.keys[1], "ann")
  world.ask { user = "anonymous" }
  check.is(world.keys[2], nil)
  world = loaded 'return p.balance { "openai/a", by = "hash", key = "session" }'
  world.ask { session = "s1" }
  check.is(world.keys[1], "s1")
  world = loaded [[return p.balance { "openai/a", by = "hash",
    key = function(req) return #req.text end }]]
  world.ask { text = "four" }
  check.is(world.keys[1], "4")
end)

check.that("a group with a function of the author's is no rescue", function()
  check.raises("P:2: rescue: item 1 runs a function of yours; what answers when Lua fails "
    .. "may hold models, lists and written replies only",
    p .. [[p.rescue { p.balance { "openai/a", by = "hash", key = function() end } }]])
  loaded 'p.rescue { p.balance { "openai/a", "openai/b" } } return "openai/a"'
end)

check.that("what cannot be is told", function()
  local function told(message, items)
    check.raises("P:2: " .. message, p .. "local b = p.balance { " .. items .. " }")
  end
  told([['by = "price"' is not one of round_robin, weighted, least_busy, latency, headroom, ]]
    .. "hash, priority, cost", '"openai/a", by = "price"')
  told('balance: by = "cost" needs a price of openai/a; say it above: p.prices { ["openai/a"] = '
    .. "{ input = 2.5, output = 10 } }, in dollars per million tokens",
    '"openai/a", by = "cost"')
  told('balance: by = "cost" needs models, whose figures are known; item 2 is a written reply',
    '"sim/a", p.say "x", by = "cost"')
  told('balance: by = "latency" needs models, whose figures are known; item 2 is ladder',
    '"openai/a", { "openai/a", "openai/b" }, by = "latency"')
  told('balance: a weight means nothing with by = "priority"',
    '{ "openai/a", weight = 2 }, by = "priority"')
  told('balance: by = "hash" of what? Write key = "user", "session" or a function',
    '"openai/a", by = "hash"')
  told('balance: a key goes with by = "hash"', '"openai/a", key = "user"')
  told([['key = "team"' is not "user", "session" or a function]],
    '"openai/a", by = "hash", key = "team"')
  told("'weight = 0' is not a number above 0, such as 3", '{ "openai/a", weight = 0 }')
  told("balance: 0 targets; it takes 1 to 64", "")
  told("balance: item 2 of 3 is nil (is a field misspelt?)", '"openai/a", nil, "openai/b"')
  told("balance: unknown option 'bye' (there are: by, eject_last, key); did you mean \"by\"?",
    '"openai/a", bye = "hash"')
  check.raises('P:2: balance: expected a list such as { a, b, by = ... }, not "openai/a"',
    p .. 'local b = p.balance "openai/a"')
end)
