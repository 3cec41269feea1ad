-- written: p.say, p.sorry, p.refuse.

local check = require "check"
local fake = require "fake_core"

local p = 'local p = require "perilune"\n'

check.that("a written reply may be made in a request", function()
  local world = fake.world().load(p .. 'return function() return p.refuse(429, "slowly") end')
  local reply = world.ask()
  check.is(reply.status, 429)
  check.is(reply.refused, true)
  check.is(reply.said, "slowly")
end)

check.that("called with a request it returns itself", function()
  local world = fake.world().load(p .. [[
    local hello = p.say "hello"
    return function(req) return hello(req) end]])
  check.is(world.ask().said, "hello")
end)

check.that("a status is from 400 to 599", function()
  for _, status in ipairs { "200", "600", "404.5", "nil", "true" } do
    check.raises(("P:2: 'status = %s' is not a whole number from 400 to 599"):format(status),
      p .. ('local r = p.refuse(%s, "x")'):format(status))
  end
  check.raises('P:2: refuse: the status comes first: p.refuse(429, "...")',
    p .. 'local r = p.refuse("x", 429)')
end)

check.that("a text is a text, in UTF-8", function()
  check.raises("P:2: say: expected a text, not 5", p .. "local r = p.say(5)")
  check.raises("P:2: sorry: expected a text, not nil", p .. "local r = p.sorry()")
  check.raises("P:2: refuse: expected a text, not nil", p .. "local r = p.refuse(429)")
  check.raises("P:2: say: the text is not UTF-8 at byte 2", p .. 'local r = p.say "a\\xff"')
  check.raises("P:2: say: unknown option 'status' (there are none)",
    p .. 'local r = p.say { "x", status = 200 }')
end)
