-- testing: the parts of perilune.test that need no world.

local check = require "check"
local fake = require "fake_core"

local require_ours = fake.world().require
local acts = require_ours "testing.acts"
local calendar = require_ours "testing.calendar"
local failure = require_ours "testing.failure"
local json = require_ours "testing.json"
local match = require_ours "testing.match"
local request = require_ours "testing.request"

local function quote(text) return '"' .. text .. '"' end

-- What pcall says of a mistake.
local function told(f, ...)
  local ok, why = pcall(f, ...)
  check.is(ok, false)
  return tostring(why)
end

check.that("a moment is seconds since 1970", function()
  check.is(calendar.seconds("1970-01-01", "at"), 0)
  check.is(calendar.seconds("2000-02-29 12:00", "at"), 951825600)
  check.is(calendar.seconds("2026-03-29T01:30:15Z", "at"), 1774747815)
  check.is(calendar.default, 1767268800)
  for _, v in ipairs { "today", "2026-13-01", "2026-3-1", 5, "2026-01-01 12" } do
    check.has(told(calendar.seconds, v, "at"), 'such as "2026-03-29 01:30"')
  end
end)

check.that("a plain value fits itself", function()
  check.is(match.fits("a", "a"), true)
  check.is(match.fits("a", "ab"), false)
  check.is(match.fits(200, 200), true)
  check.is(match.fits(200, "200"), false)
  check.is(match.fits(false, nil), true)
  check.is(match.fits(true, false), false)
end)

check.that("a number may be compared, and is a duration where it has a unit", function()
  local fits = { ["< 2s"] = 1.9, ["<= 3"] = 3, ["> 500ms"] = 0.6, [">= 1min"] = 60, ["2s"] = 2 }
  for want, v in pairs(fits) do check.is(match.fits(want, v), true) end
  local misfits = { ["< 2s"] = 2, ["<= 3"] = 4, ["> 500ms"] = 0.5, ["2s"] = 2.001 }
  for want, v in pairs(misfits) do check.is(match.fits(want, v), false) end
end)

check.that("money fits to the nano-dollar", function()
  for want, fits in pairs { [0.003] = true, ["0.003 usd"] = true, ["<= 0.003 usd"] = true,
    ["<= 0.003"] = true, ["< 0.003"] = false, ["> 0.002999999"] = true, [0.003000001] = false,
    [">= 0.003000001 usd"] = false, ["< 1 usd"] = true } do
    check.is(match.fits(match.money(want), 0.003), fits)
  end
  check.is(match.fits(match.money(0), nil), false)
  check.is(match.fits(match.money(false), nil), true)
  check.is(match.say(match.money "<= 0.01 usd"), "<= 0.010000000 usd")
  check.has(told(match.money, "cheap"), 'cost: write 0.01, "0.01 usd" or "<= 0.01 usd"')
  check.is(match.priced { status = 200 }.cost, nil)
  check.is(match.priced { status = 200, cost = 1 }.status, 200)
end)

check.that("matchers say what they want", function()
  check.is(match.fits(match.has("moon", "far"), "how far is the moon"), true)
  check.is(match.fits(match.has "moon", nil), false)
  check.is(match.fits(match.like "^%d+$", "123"), true)
  check.is(match.fits(match.one_of(200, 404), 404), true)
  check.is(match.fits(match.about("10s", "1s"), 10.9), true)
  check.is(match.fits(match.about("10s", "1s"), 11.1), false)
  check.is(match.fits(function(v) return v > 3 end, 4), true)
  check.is(match.say(match.has("a", "b")), 'a text with "a" and "b"')
  check.is(match.say(match.one_of(200, false)), "one of 200, none")
end)

check.that("differences are told name by name, and inside of tables", function()
  local came = { status = 500, path = "a ok", headers = { a = "1", b = "2" } }
  local lines = failure.compare({}, { status = 200, path = "a ok", headers = { a = "1", b = "3" } },
    function(name) return came[name] end)
  check.is(table.concat(lines, "\n"),
    "headers b     expected 3, came 2\nstatus        expected 200, came 500")
end)

check.that("a body is JSON with its names in order", function()
  check.is(json.encode({ b = { 1, 2.5, "x" }, a = true, c = {} }, quote),
    '{"a":true,"b":[1,2.5,"x"],"c":[]}')
end)

check.that("a text is a question; a table says more", function()
  local sent = request.read("hi", quote)
  check.is(sent.body, '{"messages":[{"content":"hi","role":"user"}],"model":"any"}')
  check.is(sent.path, "/v1/chat/completions")
  sent = request.read({ text = "hi", system = "be brief", model = "m", stream = true, user = "ann",
    body = { seed = 3 } }, quote)
  check.is(sent.body, '{"messages":[{"content":"be brief","role":"system"},'
    .. '{"content":"hi","role":"user"}],"model":"m","seed":3,"stream":true}')
  check.is(sent.headers[2][1] .. sent.headers[2][2], "x-perilune-userann")
  check.is(request.read({ body = "{" }, quote).body, "{")
  check.has(told(request.read, { "hi" }, quote), "t:ask: expected a text, or a table")
end)

check.that("an act is what a simulated provider may do, and more", function()
  local act = acts.read { { latency = { "1s", "2s" }, limits = { "10 requests/min", "5k tokens/h" },
    headers = { b = "2", a = "1" }, from = "1m", lasts = "10m", fails = 503 } }[1]
  check.is(act.latency, 1)
  check.is(act.latency_most, 2)
  check.is(act.requests.n / act.requests.per, 10 / 60)
  check.is(act.token_limit.n / act.token_limit.per, 5000 / 3600)
  check.is(act.headers[1][1] .. act.headers[2][1], "ab")
  check.is(act.from + act.lasts, 660)
  check.has(told(acts.read, { { fials = 503 } }), 'did you mean "fails"?')
  check.has(told(acts.read, { { limits = "10 usd/min" } }), 'such as "10 requests/min"')
  check.has(told(acts.read, { 503 }), "an act is a table")
end)

check.that("a model has a provider in front of it", function()
  check.is(acts.name "openai/gpt-4o", "openai/gpt-4o")
  check.has(told(acts.name, "openai"), 'write "openai/*"')
  check.has(told(acts.name, "/x"), 'such as "openai/gpt-4o"')
end)
