-- sticky: p.sticky.

local check = require "check"
local fake = require "fake_core"

local p = 'local p = require "perilune"\n'
local TWO = 'return p.sticky("s", { "openai/a", "openai/b" })'

local function world_of(policy, script)
  local world = fake.world()
  world.script.a = script
  return world.load(p .. policy)
end

local function asked(world, fields)
  world.asked = {}
  local reply = world.ask(fields)
  return table.concat(world.asked, " "), reply
end

check.that("the one that answered is asked first from then on", function()
  local world = world_of(TWO, { { fault = "network" }, "back" })
  check.is(asked(world, { session = "x" }), "openai/a openai/b")
  check.is(asked(world, { session = "x" }), "openai/b")
  check.is(asked(world, { session = "y" }), "openai/a")
  check.is(asked(world, {}), "openai/a")
end)

check.that("when it declines another answers, and is pinned", function()
  local world = world_of(TWO, { "first", { fault = "network" }, "back" })
  check.is(asked(world, { session = "x" }), "openai/a")
  check.is(asked(world, { session = "x" }), "openai/a openai/b")
  check.is(asked(world, { session = "x" }), "openai/b")
end)

check.that("after a tool's result nobody else is asked, and `or` cannot switch", function()
  local world = world_of('return { p.sticky("s", { "openai/a", "openai/b" }), "openai/c" }',
    { "first", { fault = "network" } })
  asked(world, { session = "x" })
  local who, reply = asked(world, { session = "x", loop = true })
  check.is(who, "openai/a")
  check.is(reply.status, 503)
  check.is(world.pins["session x"], "openai/a")
end)

check.that('loop = "switch" permits it', function()
  local world = world_of('return p.sticky("s", { "openai/a", "openai/b", loop = "switch" })',
    { "first", { fault = "network" } })
  asked(world, { session = "x" })
  check.is(asked(world, { session = "x", loop = true }), "openai/a openai/b")
end)

check.that("a loop whose model nobody knows is asked in order", function()
  local world = world_of(TWO, { { fault = "network" } })
  check.is(asked(world, { session = "x", loop = true }), "openai/a openai/b")
end)

check.that("it declines when all have declined", function()
  local world = world_of(TWO, { { fault = "network" } })
  world.script.b = { { fault = "overloaded" } }
  local reply, fault = world.ask { session = "x" }
  check.is(reply, nil)
  check.is(fault.kind, "overloaded")
end)

check.that("a refusal pins nobody", function()
  local world = world_of(TWO, { { refuse = 400 } })
  check.is(select(2, asked(world, { session = "x" })).status, 400)
  check.is(next(world.pins), nil)
end)

check.that("by the user, or by what a function says", function()
  local world = world_of 'return p.sticky("s", { "openai/a", by = "user" })'
  asked(world, { user = "ann" })
  asked(world, { user = "anonymous" })
  check.is(world.pins["user ann"], "openai/a")
  check.is(world.pins["user anonymous"], nil)
  world = world_of [[
    return p.sticky("s", { "openai/a", by = function(req) return req.session end })]]
  asked(world, { session = "x" })
  asked(world, {})
  check.is(world.pins["function x"], "openai/a")
end)

check.that("an item is known by what it is", function()
  local world = world_of [[
    local b = p.model { "openai/b", as = "bee" }
    return p.sticky("s", { { "openai/a", when = function() return false end }, { b, "openai/c" },
      "openai/b" })]]
  asked(world, { session = "x" })
  check.is(world.pins["session x"], "{ openai/b, openai/c }")
end)

check.that("a model that failed in this request is passed over", function()
  local world = world_of(TWO)
  world.require "perilune.core".failed = function(_, model) return model.name == "a" end
  check.is(asked(world, { session = "x" }), "openai/b")
end)

check.that("an hour is kept unless said otherwise", function()
  check.is(world_of(TWO).kept, 3600)
  check.is(world_of('return p.sticky("s", { "openai/a", keep = "5m" })').kept, 300)
end)

check.that("the same again is the same, and another is told", function()
  world_of [[
    local one = p.sticky("s", { "openai/a", "openai/b", keep = "1h" })
    assert(one == p.sticky("s", { "openai/a", "openai/b", keep = "1h" }))
    return one]]
  check.raises('P:3: sticky "s" was declared at P:2 with "openai/a, openai/b"; '
    .. "use that one or another name",
    p .. 'local s = p.sticky("s", { "openai/a", "openai/b" })\n'
    .. 'local u = p.sticky("s", { "openai/a" })')
end)

check.that("what is missing or wrong is told", function()
  check.raises('P:2: sticky: the name comes first, such as p.sticky("agents", { ... }); '
    .. "it is a table", p .. 'local s = p.sticky { "openai/a" }')
  check.raises("P:2: sticky: expected a list of rungs, not nil", p .. 'local s = p.sticky("s")')
  check.raises("P:2: sticky: the list is empty", p .. 'local s = p.sticky("s", {})')
  check.raises("P:2: sticky: item 1 of 2 is nil (is a field misspelt?)",
    p .. 'local s = p.sticky("s", { nil, "openai/a" })')
  check.raises("P:2: 'by = \"team\"' is not \"session\", \"user\" or a function",
    p .. 'local s = p.sticky("s", { "openai/a", by = "team" })')
  check.raises("P:2: 'loop = true' is not one of refuse, switch",
    p .. 'local s = p.sticky("s", { "openai/a", loop = true })')
  check.raises("P:2: sticky: unknown option 'ttl' (there are: by, keep, loop); "
    .. 'did you mean "keep"?', p .. 'local s = p.sticky("s", { "openai/a", ttl = "1h" })')
  check.raises_asked("sticky: by of P:2 returned 5, not a text",
    p .. 'local s = p.sticky("s", { "openai/a", by = function() return 5 end })\nreturn s')
  check.raises_asked("P:3: sticky: item 1 returned true, not a reply; "
    .. 'a condition belongs before "and": "hard(req) and large(req)"',
    p .. 'local s = p.sticky("s", { function() return true end })\n'
    .. "return function(req) local reply = s(req) return reply end")
end)
