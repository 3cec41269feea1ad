-- rung: whatever stands where a rung is expected.

local check = require "check"
local fake = require "fake_core"

local p = 'local p = require "perilune"\n'

check.that("a text is a model", function()
  local world = fake.world().load 'return "openai/gpt-4o-mini"'
  check.is(world.ask().said, "the answer of gpt-4o-mini")
  check.is(world.asked[1], "openai/gpt-4o-mini")
end)

check.that("a list is a ladder", function()
  local world = fake.world()
  world.script["gpt-4o-mini"] = { { fault = "overloaded" } }
  world.load 'return { "openai/gpt-4o-mini", "anthropic/claude-sonnet-4-5" }'
  check.is(world.ask().said, "the answer of claude-sonnet-4-5")
  check.is(table.concat(world.asked, " "), "openai/gpt-4o-mini anthropic/claude-sonnet-4-5")
end)


check.that("a function is a rung", function()
  local world = fake.world().load(p .. 'return function(req) return p.say(req.model) end')
  check.is(world.ask({ model = "x" }).said, "x")
  world.load(p .. 'return { function() return nil end, p.say "second" }')
  check.is(world.ask().said, "second")
end)

check.that("a written reply is a rung", function()
  local world = fake.world().load(p .. 'return { p.sorry "busy" }')
  check.is(world.ask().sorry, true)
end)

check.that("one item and names are that rung with options", function()
  local world = fake.world().load(p .. [[
    local large = p.model "openai/gpt-4o"
    local function hard(req) return req.model == "hard" end
    return { { large, when = hard }, p.say "easy" }]])
  check.is(world.ask({ model = "hard" }).said, "the answer of gpt-4o")
  check.is(world.ask({ model = "soft" }).said, "easy")
end)

check.that("a model as text takes its own options beside the rung's", function()
  local world = fake.world().load(p .. [[
    return { { "openai/gpt-4o", first = "5s", when = function() return true end }, p.say "no" }]])
  check.is(world.models[1].first, 5)
  check.is(world.ask().said, "the answer of gpt-4o")
end)

check.that("a skipped rung leaves the fault alone", function()
  local world = fake.world()
  world.script["gpt-4o"] = { { fault = "overloaded" } }
  world.load(p .. [[
    return { "openai/gpt-4o", { p.say "x", when = function() return false end } }]])
  local reply, fault = world.ask()
  check.is(reply, nil)
  check.is(fault.kind, "overloaded")
end)

check.that("a reply that is not accepted is a fault of kind rejected", function()
  local world = fake.world().load(p .. [[
    local function valid(reply) return reply.said:find "{" end
    return { { "openai/gpt-4o", accept = valid } }]])
  local reply, fault = world.ask()
  check.is(reply, nil)
  check.is(fault.kind, "rejected")
  check.is(fault.message, "the policy did not accept the reply of gpt-4o")
end)

check.that("a refusal is final and needs no acceptance", function()
  local world = fake.world()
  world.script["gpt-4o"] = { { refuse = 400 } }
  world.load(p .. [[
    return { { "openai/gpt-4o", accept = function() return false end }, p.say "later" }]])
  check.is(world.ask().status, 400)
end)

check.that("nil in a list is told its place", function()
  check.raises("P:3: ladder: item 2 of 3 is nil (is a field misspelt?)", p .. [[
    local small = p.model "openai/gpt-4o-mini"
    local ladder = p.ladder { small, small.stail, p.sorry "busy" }]])
end)

check.that("several items and names at once are an error", function()
  check.raises("P:2: ladder: 2 items and the option 'when' at once; put the items in braces of "
    .. "their own: { { ... }, when = ... }",
    p .. 'local l = p.ladder { "openai/a", "openai/b", when = p.now }')
end)

check.that("an empty list and a list of names only are errors", function()
  check.raises("P:2: ladder: the list is empty", p .. "local l = p.ladder {}")
  check.raises("P:2: ladder: 'when' has no rung; the first item says which",
    p .. "local l = p.ladder { when = p.now }")
end)

check.that("a rung has two options of its own", function()
  check.raises("P:3: rung: unknown option 'wen' (there are: accept, when)" ..
    '; did you mean "when"?', p .. [[
    local m = p.model "openai/a"
    local l = p.ladder { m, wen = p.now }]])
end)

check.that("what is no rung is named", function()
  check.raises("P:2: ladder: true is not a rung (a model, a list, a function or a written reply "
    .. "is)", p .. "local l = p.ladder { true }")
  check.raises("P:2: ladder: a provider is not a rung (a model, a list, a function or a written "
    .. "reply is)", p .. 'local l = p.ladder { p.provider("a", "http://b") }')
end)

check.that("a file that returns nothing is told how to end", function()
  check.raises('the policy file returned nothing; end it with "return function(req) ... end"',
    "local x = 1")
  check.raises('the policy file returned true; end it with "return function(req) ... end"',
    "return true")
end)
