-- idempotent: how requests are known again, told to the core.

local check = require "check"
local fake = require "fake_core"

local p = 'local p = require "perilune"\n'

local function declared(source)
  local world = fake.world()
  world.load(p .. source .. '\nreturn "openai/a"')
  return world.idempotent
end

check.that("its answers live for a day, or as long as it says", function()
  check.is(declared("p.idempotent {}").ttl, 86400)
  check.is(declared 'p.idempotent { ttl = "90min" }'.ttl, 5400)
  check.is(declared("p.idempotent {}").key, nil)
end)

check.that("false keeps nothing", function()
  check.is(declared("p.idempotent(false)").ttl, 0)
end)

check.that("its key is a text or nothing", function()
  local key = declared("p.idempotent { key = function(req) return req end }").key
  check.is(key("k"), "k")
  check.is(key(""), nil)
  check.is(key(false), nil)
  local told, why = pcall(declared("p.idempotent { key = function() return 7 end }").key)
  check.is(told, false)
  check.has(why, "idempotent: the key of P:2 returned 7, not a text or nil")
end)

check.that("a lifetime is one that can be meant", function()
  local told = ' is not from "1s" to "30d"'
  check.raises("P:2: 'ttl = 0'" .. told, p .. "p.idempotent { ttl = 0 }")
  check.raises("P:2: 'ttl = \"31d\"'" .. told, p .. 'p.idempotent { ttl = "31d" }')
end)

check.that("a mistake is told what is expected", function()
  local told = 'P:2: idempotent: expected false or a table such as { ttl = "1h" }, not '
  check.raises(told .. "nil", p .. "p.idempotent()")
  check.raises(told .. '"1h"', p .. 'p.idempotent "1h"')
  check.raises(told .. '"1h"', p .. 'p.idempotent { "1h" }')
  check.raises("P:2: 'key = \"user\"' is not a function", p .. 'p.idempotent { key = "user" }')
  check.raises("P:2: idempotent: unknown option 'tll' (there are: key, ttl); did you mean \"ttl\"?",
    p .. 'p.idempotent { tll = "1h" }')
end)

check.that("there is one", function()
  check.raises("P:3: idempotent was declared at P:2 already; there is one",
    p .. "p.idempotent {}\np.idempotent {}")
end)

check.that("it belongs to load", function()
  check.raises_asked('P:2: p.idempotent is a declaration; move it above "return function(req)"',
    p .. "return function() p.idempotent {} end")
end)
