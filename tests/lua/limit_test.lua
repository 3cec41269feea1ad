-- limit: p.limit.

local check = require "check"
local fake = require "fake_core"

local p = 'local p = require "perilune"\n'

local function world_of(policy)
  local world = fake.world()
  return world.load(p .. policy)
end

-- "requests 500 60" of each part of a set.
local function set_of(world, nth)
  local words = {}
  for _, part in ipairs(world.limit.sets[nth]) do
    words[#words + 1] = ("%s %s %s%s"):format(part.unit, part.n, part.per,
      part.burst and " +" .. part.burst or "")
  end
  return table.concat(words, ", ")
end

check.that("amounts are read as people write them", function()
  local world = world_of 'return p.limit("l", { "500 requests/min", "150k tokens/hour" })'
  check.is(set_of(world, 1), "requests 500 60, tokens 150000 3600")
  check.is(world.limit.shape, "all requests/60 tokens/3600")
  check.is(world.limit.wait, 0)
  check.is(set_of(world_of 'return p.limit("l", "20 concurrent")', 1), "concurrent 20 0")
  check.is(set_of(world_of 'return p.limit("l", "9223372036854775807 tokens/s")', 1),
    "tokens 9223372036854775807 1")
end)

check.that("a burst belongs to the amounts of its unit", function()
  local world = world_of [[return p.limit("l", { "500 requests/min", "150k tokens/min",
    burst = { "20 requests", "10k tokens" } })]]
  check.is(set_of(world, 1), "requests 500 60 +20, tokens 150000 60 +10000")
  check.is(world.limit.shape, "all requests/60+ tokens/60+")
end)

check.that("a limit that lets pass goes on, and one that refuses ends the ladder", function()
  local world = world_of 'return { p.limit("l", "1 requests/min"), "openai/a" }'
  check.is(world.ask({}).said, "the answer of a")
  world.over = true
  check.is(world.ask({}).status, 429)
  check.is(#world.asked, 1)
end)

check.that("each is by what the key proves", function()
  local bob = { id = "key_1", team = "blue" }
  local cases = { key = "key_1", ["key.team"] = "blue", ["key.user"] = "anonymous",
    user = "anonymous", feature = "anonymous" }
  for each, who in pairs(cases) do
    local world = world_of('return p.limit("l", { "1 requests/min", each = "' .. each .. '" })')
    world.ask { user = "eve", feature = "x", key = bob }
    check.is(world.who, who)
    check.is(world.limit.shape, each .. " requests/60")
  end
  local world = world_of 'return p.limit("l", { "1 requests/min", each = "key" })'
  world.ask { user = "eve" }
  check.is(world.who, "anonymous")
end)

check.that("each is by a field of the request, or by what a function says", function()
  local world = world_of 'return p.limit("l", { "1 requests/min", each = "user" })'
  world.ask { user = "ann" }
  check.is(world.who, "ann")
  world.ask {}
  check.is(world.who, "anonymous")
  check.is(world.limit.shape, "user requests/60")
  world = world_of [[return p.limit("l", { "1 requests/min",
    each = function(req) return req.session end })]]
  world.ask { session = "x" }
  check.is(world.who, "x")
  world.ask {}
  check.is(world.who, "anonymous")
  check.is(world_of 'return p.limit("l", "1 requests/min")'.limit.shape, "all requests/60")
end)

check.that("exceptions are data", function()
  local world = world_of [[return p.limit("l", { "1 requests/min", "1k tokens/min", each = "user",
    but = { gold = "9 requests/min", ops = "unlimited", big = { "2 requests/min",
      "5k tokens/min" } } })]]
  world.ask { user = "ann" }
  check.is(world.set, 1)
  world.ask { user = "ops" }
  check.is(world.set, 0)
  world.ask { user = "gold" }
  check.is(set_of(world, world.set), "requests 9 60, tokens 1000 60")
  world.ask { user = "big" }
  check.is(set_of(world, world.set), "requests 2 60, tokens 5000 60")
end)

check.that("the same again is the same, and another is told", function()
  world_of [[
    local one = p.limit("l", { "1 requests/min", each = "user" })
    assert(one == p.limit("l", { "1 requests/min", each = "user" }))
    return one]]
  check.raises('P:3: limit "l" was declared at P:2 with "1 requests/min"; '
    .. "use that one or another name",
    p .. 'local a = p.limit("l", "1 requests/min")\nlocal b = p.limit("l", "2 requests/min")')
end)

check.that("what is missing or wrong is told", function()
  local HOW = 'write it like "500 requests/min", "150k tokens/min" or "20 concurrent"'
  local cases = {
    ['p.limit "1 requests/min"'] = "limit: the name comes first, up to 64 letters, "
      .. [[digits, '.', '_' and '-', such as p.limit("chat", { ... }); it is "1 requests/min"]],
    ['p.limit("l")'] = 'limit: expected an amount such as "500 requests/min", not nil',
    ['p.limit("l", {})'] = "limit: the amount is missing; " .. HOW,
    ['p.limit("l", "ten")'] = [['"ten"' is not an amount; ]] .. HOW,
    ['p.limit("l", "0 requests/min")'] = 'limit: item 1 "0 requests/min" is not a whole amount of '
      .. "at least 1; " .. HOW,
    ['p.limit("l", "unlimited")'] =
      'limit: item 1 "unlimited" is not a whole amount of at least 1; ' .. HOW,
    ['p.limit("l", "9223372036854775808 requests/min")'] = 'limit: item 1 '
      .. '"9223372036854775808 requests/min" is not a whole amount of at least 1; ' .. HOW,
    ['p.limit("l", "5 usd/day")'] =
      'limit: "5 usd/day" is money; p.limit counts requests and tokens',
    ['p.limit("l", "5 requests/month")'] =
      'limit: "5 requests/month": a limit\'s longest period is a week',
    ['p.limit("l", { "5 requests/min", "6 requests/min" })'] = 'limit: "5 requests/min" and '
      .. '"6 requests/min" count the same; write one of them',
    ['p.limit("l", { "5 requests/min", each = "usr" })'] = "'each = \"usr\"' is not "
      .. '"user", "team", "feature", "session", "model", "key", "key.user", "key.team", '
      .. '"key.feature" or a function',
    ['p.limit("l", { "5 requests/min", burst = 5 })'] =
      "'burst = 5' is not like \"50 requests\" or \"20k tokens\"",
    ['p.limit("l", { "5 requests/min", burst = "5 tokens" })'] = 'limit: burst = "5 tokens" has no '
      .. "amount in tokens to belong to",
    ['p.limit("l", { "5 requests/min", but = { a = "unlimited" } })'] =
      'limit: but = { gold = "200 requests/min" } names exceptions among those of each = "user"',
    ['p.limit("l", { "5 requests/min", each = "user", but = { a = "5 tokens/min" } })'] =
      'limit: but: "a" counts something else than the others do',
    ['p.limit("l", "9223372036854775808 tokens/min")'] = 'limit: item 1 "9223372036854775808 '
      .. 'tokens/min" is not a whole amount of at least 1; write it like "500 requests/min", '
      .. '"150k tokens/min" or "20 concurrent"',
    ['p.limit("l", { "5 concurrent", wait = "5s" })'] = "limit: nobody knows when a place becomes "
      .. "free, so there is no wait for it; p.model's concurrency has a queue",
    ['p.limit("l", { "5 requests/min", queue = 5 })'] = "limit: unknown option 'queue' (there are: "
      .. "burst, but, each, wait)",
  }
  for policy, why in pairs(cases) do check.raises("P:2: " .. why, p .. "local l = " .. policy) end
  check.raises_asked("limit: each of P:2 returned 5, not a text",
    p .. 'local l = p.limit("l", { "5 requests/min", each = function() return 5 end })\nreturn l')
end)
