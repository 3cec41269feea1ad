-- budget: p.budget.

local check = require "check"
local fake = require "fake_core"

local p = 'local p = require "perilune"\n'

local function world_of(policy)
  local world = fake.world()
  return world.load(p .. policy)
end

local function limits_of(policy) return world_of(policy).budget.limits[1] end

check.that("amounts are read as people write them", function()
  local b = world_of 'return p.budget("daily", "100k tokens/day")'.budget
  check.is(b.unit, "tokens")
  check.is(b.per, "day")
  check.is(b.align, "utc")
  check.is(b.limits[1], 100000)
  check.is(b.shape, "daily\0tokens\0day\0utc\0all")
  b = world_of 'return p.budget("m", { "0.05 usd/month", align = "Europe/Berlin" })'.budget
  check.is(b.limits[1], 50000000)
  check.is(b.shape, "m\0usd\0month\0Europe/Berlin\0all")
  check.is(limits_of 'return p.budget("m", "2000 usd/week")', 2000000000000)
  check.is(limits_of 'return p.budget("m", "50k tokens/request")', 50000)
  check.is(limits_of 'return p.budget("m", "9223372036854775807 tokens/day")', math.maxinteger)
  check.is(limits_of 'return p.budget("m", "9223372036 usd/day")', 9223372036000000000)
end)

check.that("a budget that pays goes on, and one that refuses ends the ladder", function()
  local world = world_of 'return { p.budget("d", "1k tokens/day"), "openai/a" }'
  check.is(world.ask({}).said, "the answer of a")
  world.over = true
  check.is(world.ask({}).status, 429)
  check.is(#world.asked, 1)
end)

check.that("each uses what the key proves", function()
  local function who(each, fields)
    local world = world_of(('return p.budget("d", { "1k tokens/day", each = %s })'):format(each))
    world.ask(fields)
    return world.who
  end
  local key = { id = "key_1", user = "ann", feature = "chat" }
  check.is(who('"user"', { user = "bob" }), "bob")
  check.is(who('"user"', { user = "bob", key = key }), "ann")
  check.is(who('"user"', { user = "bob", key = { id = "key_1" } }), "anonymous")
  check.is(who('"feature"', { feature = "x", key = { id = "key_1" } }), "anonymous")
  check.is(who('"feature"', { feature = "x", key = key }), "chat")
  check.is(who('"key"', { key = key }), "key_1")
  check.is(who('"key"', {}), "anonymous")
  check.is(who('"key.user"', { user = "bob" }), "anonymous")
  check.is(who('"key.user"', { user = "bob", key = key }), "ann")
  check.is(who('"team"', { team = "gold" }), "gold")
  check.is(who('"model"', { model = "openai/a" }), "")
  check.is(who("function(req) return req.session end", { session = "s" }), "s")
  check.is(who("function(req) return req.session end", {}), "anonymous")
end)

check.that("exceptions are data", function()
  local world = world_of [[return p.budget("d", { "5 usd/day", each = "team",
    but = { gold = "500 usd/day", ops = "unlimited" } })]]
  world.ask { team = "tin" }
  check.is(world.set, 1)
  world.ask { team = "ops" }
  check.is(world.set, 0)
  world.ask { team = "gold" }
  check.is(world.budget.limits[world.set], 500000000000)
end)

check.that("what is left and what is spent can be asked", function()
  local world = world_of [[
    local d = p.budget("d", { "100 tokens/day", each = "user" })
    return function(req) return p.say(d:left(req) .. " " .. d:spent(req)) end]]
  check.is(world.ask({ user = "ann" }).said, "60 40")
  check.is(world.who, "ann")
end)

check.that("a webhook is a function that sends what it is told", function()
  local world = world_of [[
    local hook = p.webhook "https://hooks.example/x"
    local d = p.budget("d", { "1 usd/day", warn = 0.8, on_warn = hook })
    return function(req) hook { spent = 1 } return d(req) or p.say "well" end]]
  world.ask {}
  check.is(world.hooked[1], "https://hooks.example/x")
  check.is(world.hooked[2].spent, 1)
  check.raises('P:2: webhook: expected an address such as "https://hooks.example/x" or p.secret '
    .. '"NAME", not this text', p .. 'local h = p.webhook "hooks.example/SECRET"')
end)

check.that("the same again is the same, and another is told", function()
  world_of [[
    local one = p.budget("d", { "1 usd/day", each = "user" })
    assert(one == p.budget("d", { "1 usd/day", each = "user" }))
    return one]]
  check.raises('P:3: budget "d" was declared at P:2 with "1 usd/day"; '
    .. "use that one or another name",
    p .. 'local a = p.budget("d", "1 usd/day")\nlocal b = p.budget("d", "2 usd/day")')
end)

check.that("a name is of one thing that keeps state", function()
  check.raises('P:3: budget "own": the limit at P:2 has that name; what keeps state has one of its '
    .. "own", p .. 'local a = p.limit("own", "1 requests/min")\n'
    .. 'local b = p.budget("own", "1 usd/day")')
end)

check.that("what is missing or wrong is told", function()
  local HOW = 'write it like "100k tokens/day", "50 usd/month" or "50k tokens/request"'
  local cases = {
    ['p.budget "1 usd/day"'] = "budget: the name comes first, up to 64 letters, digits, "
      .. [['.', '_' and '-', such as p.budget("daily", { ... }); it is "1 usd/day"]],
    ['p.budget("my budget", "1 usd/day")'] = "budget: the name comes first, up to 64 letters, "
      .. [[digits, '.', '_' and '-', such as p.budget("daily", { ... }); it is "my budget"]],
    ['p.budget("d", "10 gold/day")'] = [['"10 gold/day"' is not an amount; ]] .. HOW,
    ['p.budget("d", { "5 usd/day", each = "user", but = { gold = 500 } })'] =
      "'but.gold = 500' is not an amount; " .. HOW,
    ['p.budget("d", { "5 usd/day", each = "user", but = { "5 usd/day" } })'] =
      'budget: but = { gold = "500 usd/day" } names exceptions among those of each = "user"',
    ['p.budget("d", { "5 usd/day", warn = 0.5, on_warn = "https://x" })'] =
      [['on_warn = "https://x"' is not a function, such as p.webhook "https://..." makes]],
    ['p.budget("d")'] = 'budget: expected an amount such as "100k tokens/day", not nil',
    ['p.budget("d", {})'] = "budget: the amount is missing; " .. HOW,
    ['p.budget("d", "0 tokens/day")'] =
      'budget: "0 tokens/day" is not an amount of at least one; ' .. HOW,
    ['p.budget("d", "unlimited")'] =
      'budget: "unlimited" is not an amount of at least one; ' .. HOW,
    ['p.budget("d", "0.5 tokens/day")'] =
      'budget: "0.5 tokens/day" is not an amount of at least one; ' .. HOW,
    ['p.budget("d", "9223372036854775808 tokens/day")'] =
      'budget: "9223372036854775808 tokens/day" is not an amount of at least one; ' .. HOW,
    ['p.budget("d", "9223372037 usd/day")'] =
      'budget: "9223372037 usd/day" is not an amount of at least one; ' .. HOW,
    ['p.budget("d", "5 requests/day")'] =
      'budget: "5 requests/day" counts requests; p.limit does that',
    ['p.budget("d", { "5 usd/day", "6 usd/week" })'] =
      'budget: one amount, not 2; declare another budget for "6 usd/week"',
    ['p.budget("d", { "5 usd/day", each = "usr" })'] = "'each = \"usr\"' is not "
      .. '"user", "team", "feature", "key", "model" or a function',
    ['p.budget("d", { "5 usd/day", warn = 80 })'] =
      "'warn = 80' is not a share of the amount, such as 0.8",
    ['p.budget("d", { "5 usd/day", over = "stop" })'] =
      "'over = \"stop\"' is not one of refuse, decline",
    ['p.budget("d", { "5 usd/day", align = 5 })'] =
      "'align = 5' is not \"utc\", \"rolling\" or a time zone such as \"Europe/Berlin\"",
    ['p.budget("d", { "5 usd/day", on_warn = function() end })'] =
      "budget: on_warn is told when a share is spent; say which: warn = 0.8",
    ['p.budget("d", { "5 usd/day", but = { a = "unlimited" } })'] =
      'budget: but = { gold = "500 usd/day" } names exceptions among those of each = "user"',
    ['p.budget("d", { "5 usd/day", each = "user", but = { a = "5 usd/week" } })'] =
      'budget: but: "a" counts something else than the others do',
    ['p.budget("d", { "5k tokens/request", each = "user" })'] =
      "budget: a budget of each request has no period and is nobody's; it takes no align, each "
      .. "or warn",
    ['p.budget("d", { "5 usd/day", period = "day" })'] = "budget: unknown option 'period' (there "
      .. "are: align, but, each, on_warn, over, warn)",
  }
  for policy, why in pairs(cases) do check.raises("P:2: " .. why, p .. "local b = " .. policy) end
  check.raises_asked("budget: each of P:2 returned 5, not a text",
    p .. 'local b = p.budget("d", { "5 usd/day", each = function() return 5 end })\nreturn b')
  check.raises_asked('budget: each = "model" of P:2 has an amount for each model; there is none '
    .. "of req", p .. 'local b = p.budget("d", { "5 usd/day", each = "model" })\n'
    .. "return function(req) return b:left(req) end")
end)
