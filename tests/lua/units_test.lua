-- units: "1.5s", "512MB", "50 usd/day".

local check = require "check"
local fake = require "fake_core"

local units = fake.world().require "perilune.units"
local p = 'local p = require "perilune"\n'

check.that("a duration is a number and a unit", function()
  local said = { ["500ms"] = 0.5, ["1.5s"] = 1.5, ["10m"] = 600, ["2min"] = 120, ["1h"] = 3600,
    ["1d"] = 86400, [" 3 s "] = 3 }
  for text, seconds in pairs(said) do check.is(units.seconds(text), seconds) end
end)

check.that("a plain number is seconds", function()
  check.is(units.seconds(2), 2)
  check.is(units.seconds(0.25), 0.25)
  check.is(units.seconds(999), 999)
end)

check.that("a thousand seconds and more need a unit", function()
  check.raises([[P:2: 'first = 10000' is 10000 seconds; write "10s" or "10000ms"]],
    p .. 'p.model { "openai/gpt-4o", first = 10000 }')
  check.raises([[P:2: 'total = 3600' is 3600 seconds; write "1h" or "3600ms"]],
    p .. 'p.model { "openai/gpt-4o", total = 3600 }')
  check.raises([[P:2: 'total = 1234.5' is 1234.5 seconds; write "1.2345s" or "1234.5ms"]],
    p .. 'p.model { "openai/gpt-4o", total = 1234.5 }')
end)

check.that("what is no duration is told what one looks like", function()
  for _, v in ipairs { '"10 sec"', '"10"', '"-1s"', "true", "{}", "-1", "1/0", "0/0" } do
    local ok, why = pcall(fake.world().load, p .. "return p.units.seconds(" .. v .. ', "first")')
    check.is(ok, false)
    check.has(why, 'is not a duration; write a number and ms, s, min, h or d, such as "1.5s"')
  end
end)

check.that("a size is decimal, or binary with an i", function()
  local said = { ["512MB"] = 512000000, ["64KiB"] = 65536, ["1.5GB"] = 1500000000, ["1k"] = 1000,
    ["2 mib"] = 2097152, ["7B"] = 7, ["1GiB"] = 1 << 30 }
  for text, bytes in pairs(said) do check.is(units.bytes(text), bytes) end
  check.is(units.bytes(4096), 4096)
  check.is(math.type(units.bytes "1.5k"), "integer")
end)

check.that("what is no size is told what one looks like", function()
  check.raises([['max = "10 miles"' is not a size; ]]
    .. 'write a number and B, kB, MB, GB, KiB, MiB or GiB, such as "512MB"',
    'return require "perilune.units".bytes("10 miles", "max")')
  check.is(pcall(units.bytes, -1), false)
  check.is(pcall(units.bytes, {}), false)
end)

check.that("an amount is a number, a unit and a period", function()
  local function is(text, n, unit, per)
    local amount = units.amount(text)
    check.is(amount.n, n)
    check.is(amount.unit, unit)
    check.is(amount.per, per)
  end
  is("600 requests/min", 600, "requests", "minute")
  is("100k tokens/day", 100000, "tokens", "day")
  is("50 usd/month", 50, "usd", "month")
  is("2.5 usd / h", 2.5, "usd", "hour")
  is("1 request/s", 1, "requests", "second")
  is("unlimited", math.huge)
end)

check.that("what is no amount is told what one looks like", function()
  for _, text in ipairs { "5 usd", "100k", "10 apples/day", "5 usd/fortnight", 7 } do
    local ok, why = pcall(units.amount, text, "daily")
    check.is(ok, false)
    check.has(why, 'is not an amount; write it like "600 requests/min", "100k tokens/day"')
  end
end)
