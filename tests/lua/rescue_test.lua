-- rescue: what answers when the policy raises.

local check = require "check"
local fake = require "fake_core"

local p = 'local p = require "perilune"\n'
local TOLD = "runs a function of yours; what answers when Lua fails may hold models, lists and "
  .. "written replies only"

check.that("it is a ladder given to the core", function()
  local world = fake.world()
  world.script.a = { { fault = "network" } }
  world.load(p .. 'p.rescue { "openai/a", p.sorry "broken" }\nreturn "openai/b"')
  world.policy = world.rescue
  check.is(world.ask().said, "broken")
end)

check.that("it holds no function at any depth", function()
  check.raises("P:2: rescue: item 2 " .. TOLD,
    p .. 'p.rescue { p.sorry "x", function() end }')
  check.raises("P:2: rescue: item 1 " .. TOLD,
    p .. 'p.rescue { { { "openai/a", { "openai/b", when = p.now } } }, p.sorry "x" }')
  check.raises("P:3: rescue: item 1 " .. TOLD, p .. [[
    local f = p.filter { "openai/a", with = string.upper }
    p.rescue { { f } }]])
  check.raises("P:3: rescue: item 1 " .. TOLD, p .. [[
    local l = p.ladder { p.sorry "x", function() end }
    p.rescue(l)]])
end)

check.that("there is one", function()
  check.raises("P:3: rescue was declared at P:2 already; there is one, with a list of rungs",
    p .. 'p.rescue { p.sorry "a" }\np.rescue { p.sorry "b" }')
end)

check.that("nil among its items is told its place", function()
  check.raises("P:3: rescue: item 1 of 2 is nil (is a field misspelt?)",
    p .. 'local faq = {}\np.rescue { faq.x, p.sorry "x" }')
end)

check.that("it belongs to load", function()
  check.raises_asked('P:2: p.rescue is a declaration; move it above "return function(req)"',
    p .. 'return function() p.rescue { p.sorry "x" } end')
end)
