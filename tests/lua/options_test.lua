-- options, nearest and show: closed tables, and what a wrong one is told.

local check = require "check"
local fake = require "fake_core"

local world = fake.world()
local nearest = world.require "perilune.nearest"
local show = world.require "perilune.show"

local function model(options)
  return 'local p = require "perilune"\n\nlocal m = p.model { "openai/gpt-4o", '
    .. options .. " }"
end

check.that("an unknown option lists the known ones and guesses", function()
  check.raises("P:3: model: unknown option 'timout' (there are: as, breaker, "
    .. "concurrency, connect, first, free, idle, limit, max_out, most, on, total, tries); "
    .. 'did you mean "total"?', model 'timout = "3s"')
end)

check.that("what others call an option is known", function()
  for alias, name in pairs { ttft = "first", retries = "tries", name = "as", max_retries = "tries",
    timeout = "total" } do
    local ok, why = pcall(fake.world().load, model(alias .. " = 1"))
    check.is(ok, false)
    check.has(why, ('did you mean "%s"?'):format(name))
  end
end)

check.that("a guess that is far off is not made", function()
  check.raises("P:3: model: unknown option 'colour' (there are: as, breaker, concurrency, "
    .. "connect, first, free, idle, limit, max_out, most, on, total, tries)",
    model 'colour = "red"')
end)

check.that("a wrong type says what is expected", function()
  check.raises("P:3: 'tries = \"two\"' is not a whole number from 1 to 10", model 'tries = "two"')
  check.raises("P:3: 'tries = 0' is not a whole number from 1 to 10", model "tries = 0")
  check.raises("P:3: 'tries = 1.5' is not a whole number from 1 to 10", model "tries = 1.5")
  check.raises("P:3: 'free = 1' is not true or false", model "free = 1")
  check.raises("P:3: 'first = 0' is not more than nothing", model "first = 0")
  check.raises("P:3: 'as = \"a b\"' is not a name (letters, digits and . _ : -)",
    model 'as = "a b"')
end)

check.that("the nearest word is found within two letters", function()
  check.is(nearest.word("modle", { "cut", "model" }), "model")
  check.is(nearest.word("sya", { "say" }), nil)
  check.is(nearest.word("cache", { "say", "asked", "rescue" }), nil)
  check.is(nearest.distance("kitten", "sitting"), 3)
end)

check.that("a quoted text is short, on one line and whole UTF-8", function()
  check.is(show.value "a\nb", '"a?b"')
  local cut = show.value(("é"):rep(100))
  check.is(#cut <= 82, true)
  check.is(utf8.len(cut) ~= nil, true)
end)

check.that("options are shown as they were written, keys hidden", function()
  check.is(show.options { "100k tokens/day", each = "user" }, '"100k tokens/day", each = "user"')
  check.is(show.options({ key = "sk-1", url = "u" }, { key = true }), 'key = ..., url = "u"')
  check.is(show.options { on = { auth = "refuse" } }, 'on = { auth = "refuse" }')
end)
