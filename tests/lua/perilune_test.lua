-- perilune: the table p.

local check = require "check"
local fake = require "fake_core"

local p = 'local p = require "perilune"\n'
local NAMES = "allow, asked, balance, breaker, budget, cut, faq, file, filter, has, hedge, "
  .. "idempotent, json, ladder, limit, log, model, now, prices, provider, queue, race, refuse, "
  .. "rescue, say, secret, sleep, sorry, sticky, tokens, trim, units, webhook"

check.that("an unknown word lists the known ones and guesses", function()
  check.raises("P:2: there is no p.modle (did you mean p.model?); there are: " .. NAMES,
    p .. 'local m = p.modle "openai/a"')
  check.raises("P:2: there is no p.xyz; there are: " .. NAMES, p .. "local x = p.xyz")
  check.raises("P:2: there is no p.json.parse; there are: array, decode, encode, null",
    p .. "local x = p.json.parse")
end)

check.that("p is not changed by a policy", function()
  check.raises("P:2: p.model: p is not changed by a policy; keep it in a local",
    p .. "p.model = nil")
  check.raises("P:2: p.units.x: p.units is not changed by a policy; keep it in a local",
    p .. "p.units.x = 1")
end)

check.that("sleep waits in a request only", function()
  local world = fake.world().load(p .. 'return function() p.sleep "250ms" return p.say "x" end')
  world.ask()
  check.is(world.slept, 0.25)
  check.raises('P:2: p.sleep waits, and nothing may wait while the policy is loaded; '
    .. 'move it into "return function(req)"', p .. "p.sleep(1)")
  check.raises_asked([[P:2: '10000' is 10000 seconds; write "10s" or "10000ms"]],
    p .. "return function() p.sleep(10000) end")
end)

check.that("a log line is a text and fields", function()
  local world = fake.world().load(p .. 'p.log("hello", { n = 1 })\nreturn "openai/a"')
  check.is(world.logged[1], "hello")
  check.is(world.logged[2].n, 1)
  check.raises("P:2: log: expected a text, not a table", p .. "p.log({})")
  check.raises("P:2: log: the fields are a table, not 5", p .. 'p.log("x", 5)')
end)

check.that("a file beside the policy is read at load", function()
  local world = fake.world()
  world.files["faq.txt"] = "a text"
  world.load(p .. 'return p.say(p.file "faq.txt")')
  check.is(world.ask().said, "a text")
  check.raises('P:2: file: cannot read "x.txt": No such file or directory',
    p .. 'local t = p.file "x.txt"')
  check.raises_asked('P:2: p.file "x" is a declaration; move it above "return function(req)"',
    p .. 'return function() local t = p.file "x" end')
end)

check.that("a ladder can have a name", function()
  local world = fake.world().load(p .. [[
    local free = p.ladder { "openai/a", "openai/b" }
    return function(req) return free(req) end]])
  check.is(world.ask().said, "the answer of a")
end)

check.that("the library is quiet about what it is made of", function()
  local lib = fake.world().require "perilune"
  check.is(getmetatable(lib), false)
  check.is(next(lib), nil)
end)
