-- queue: p.queue.

local check = require "check"
local fake = require "fake_core"

local p = 'local p = require "perilune"\n'

local function rules_of(policy)
  return fake.world().load(p .. policy).queue
end

check.that("a queue has rules that nobody need say", function()
  local queue = rules_of 'return p.queue "later"'
  check.is(queue.name, "later")
  check.is(queue.all, false)
  local r = queue.rules
  check.is(("%s %s %s %s %s %s %s"):format(r.first, r.longest, r.expires, r.keep, r.most,
    r.at_once, r.room), "10 600 86400 86400 1000 2 67108864")
end)

check.that("rules are read as people write them", function()
  local queue = rules_of [[return p.queue("later", { to = "all", windows = { "5s", "1h" },
    expires = "2d", keep = "1h", most = 10, at_once = 4, room = "1MiB" })]]
  check.is(queue.all, true)
  local r = queue.rules
  check.is(("%s %s %s %s %s %s %s"):format(r.first, r.longest, r.expires, r.keep, r.most,
    r.at_once, r.room), "5 3600 172800 3600 10 4 1048576")
  r = rules_of('return p.queue("later", { windows = "1min", to = "asking" })').rules
  check.is(r.first .. " " .. r.longest, "60 60")
end)

check.that("what cannot be is told", function()
  check.raises("P:2: queue: the name comes first, up to 64 letters, digits, "
    .. [['.', '_' and '-', such as p.queue("later", { ... }); it is nil]],
    p .. "return { p.queue() }")
  check.raises('P:2: queue: options have names, such as { to = "all", keep = "1d" }',
    p .. 'return { p.queue("later", { "1d" }) }')
  check.raises("P:2: 'to = \"none\"' is not one of asking, all",
    p .. 'return { p.queue("later", { to = "none" }) }')
  check.raises("P:2: 'windows = \"500ms\"' is not a second or more",
    p .. 'return { p.queue("later", { windows = "500ms" }) }')
  check.raises('P:2: queue: windows = { "10s", "10min" }: the first one is the shortest',
    p .. 'return { p.queue("later", { windows = { "1h", "1min" } }) }')
  check.raises("P:2: 'keep = \"31d\"' is not at most 30 days",
    p .. 'return { p.queue("later", { keep = "31d" }) }')
  check.raises("P:2: 'room = \"1KiB\"' is not a size of 64KiB or more, such as \"64MiB\"",
    p .. 'return { p.queue("later", { room = "1KiB" }) }')
  check.raises("P:2: 'at_once = 0' is not a whole number from 1 to 64",
    p .. 'return { p.queue("later", { at_once = 0 }) }')
end)

check.that("a queue has one declaration", function()
  check.raises('P:3: queue "later" was declared at P:2 with most = 5; use that one or another name',
    p .. 'local a = p.queue("later", { most = 5 })\nlocal b = p.queue "later"\nreturn { a, b }')
end)

check.that("its name is no other's that keeps state", function()
  check.raises('P:3: queue "own": the limit at P:2 has that name; what keeps state has one of its '
    .. "own", p .. 'local a = p.limit("own", "1 requests/min")\nlocal b = p.queue("own", {})')
end)
