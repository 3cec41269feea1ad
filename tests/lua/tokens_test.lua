-- tokens: p.tokens, and what it is given.

local check = require "check"
local fake = require "fake_core"

local p = 'local p = require "perilune"\n'

check.that("a text is counted for a model, by name or as declared", function()
  local world = fake.world().load(p .. [[
    local small = p.model "openai/gpt-4o-mini"
    local a = p.tokens("hello", "openai/gpt-4o")
    local b, exact = p.tokens("hello", small)
    local c = p.tokens { { role = "user", content = "hello" } }
    return p.say(a .. b .. tostring(exact) .. c)]])
  check.is(world.ask().said, "7 openai/gpt-4o7 gpt-4o-minitrue7 nil")
end)

check.that("what cannot be counted is told", function()
  check.raises("P:2: tokens: expected a text, a list of messages or req, not nil",
    p .. "local n = p.tokens()")
  check.raises("P:2: tokens: the second item is a model or its name, not true",
    p .. 'local n = p.tokens("a", true)')
  check.raises("P:2: tokens: message 2 is 5, not a table such as " ..
    '{ role = "user", content = "..." }', p .. "local n = p.tokens { {}, 5 }")
  check.raises("P:2: tokens: a list of messages has at least one; is it in braces of its own?",
    p .. "local n = p.tokens {}")
end)
