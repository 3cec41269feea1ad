-- filter: p.filter and p.cut.

local check = require "check"
local fake = require "fake_core"

local p = 'local p = require "perilune"\n'

check.that("the text of a reply passes through the function", function()
  local world = fake.world().load(p .. [[
    return p.filter { { "openai/a", "openai/b" }, with = string.upper, hold = 32 }]])
  local reply = world.ask()
  check.is(reply.said, "THE ANSWER OF A")
  check.is(reply.hold, 32)
end)

check.that("64 bytes wait unless said otherwise", function()
  local world = fake.world().load(p .. 'return p.filter { "openai/a", with = string.upper }')
  check.is(world.ask().hold, 64)
end)

check.that("a refusal passes untouched", function()
  local world = fake.world()
  world.script.a = { { refuse = 400 } }
  world.load(p .. 'return p.filter { "openai/a", with = string.upper }')
  check.is(world.ask().status, 400)
end)

check.that("it declines when its rung does", function()
  local world = fake.world()
  world.script.a = { { fault = "network" } }
  world.load(p .. 'return p.filter { "openai/a", with = string.upper }')
  local reply, fault = world.ask()
  check.is(reply, nil)
  check.is(fault.kind, "network")
end)

check.that("what is missing or too much is told", function()
  check.raises("P:2: filter: with = f is missing: what looks at the text?",
    p .. 'local f = p.filter { "openai/a" }')
  check.raises("P:2: filter: one rung; put several in braces of their own: "
    .. "{ { a, b }, with = f }",
    p .. 'local f = p.filter { "openai/a", "openai/b", with = string.upper }')
  check.raises("P:2: filter: the first item says whose replies; it is nil (is a field misspelt?)",
    p .. "local f = p.filter { with = string.upper }")
  check.raises("P:2: 'with = 5' is not a function",
    p .. 'local f = p.filter { "openai/a", with = 5 }')
  check.raises("P:2: cut: expected a text, not 5", p .. "local c = p.cut(5)")
end)
