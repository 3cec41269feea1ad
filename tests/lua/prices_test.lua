-- prices: p.prices.

local check = require "check"
local fake = require "fake_core"

local p = 'local p = require "perilune"\n'

-- The first tier of a model's prices, as the core was told.
local function told(policy, name, tier)
  local world = fake.world()
  world.files["prices.json"] = "file"
  world.load(p .. policy .. "\nreturn p.say 'x'")
  return world.prices[name][tier or 1]
end

local function raises(message, t)
  check.raises("P:2: prices: " .. message, p .. "p.prices " .. t)
end

check.that("cached and written tokens cost what input does, reasoning what output does", function()
  local t = told('p.prices { ["a/b"] = { input = 1, output = 5 } }', "a/b")
  check.is(t.cached, 1)
  check.is(t.write, 1)
  check.is(t.reasoning, 5)
  t = told('p.prices { ["a/b"] = { input = 1, output = 5, cached = 0, write = 2, reasoning = 3 } }',
    "a/b")
  check.is(t.cached, 0)
  check.is(t.write, 2)
  check.is(t.reasoning, 3)
end)

check.that("tiers rise, and keep what they do not change", function()
  local policy = [[p.prices { ["a/b"] = { input = 1, output = 5, cached = 0.1, above = {
    ["1M tokens"] = { input = 3 }, ["200k tokens"] = { input = 2, output = 7 } } } }]]
  local second, third = told(policy, "a/b", 2), told(policy, "a/b", 3)
  check.is(second.above, 200000)
  check.is(second.cached, 0.1)
  check.is(second.write, 2)
  check.is(third.above, 1000000)
  check.is(third.input, 3)
  check.is(third.output, 7)
end)

check.that("a text means the prices of another model", function()
  check.is(told('p.prices { ["azure/mine"] = "a/b", ["a/b"] = { input = 2.5, output = 1 } }',
    "azure/mine").input, 2.5)
  raises('"azure/mine": there is no price of "openai/gpt"', '{ ["azure/mine"] = "openai/gpt" }')
end)

check.that("what is no price is told where it stands", function()
  local function wrong(what, message)
    raises(('"a/b": %s'):format(message), ('{ ["a/b"] = %s }'):format(what))
  end
  wrong("{ input = -1, output = 1 }", "'input = -1' is not a price")
  wrong("{ input = 0/0, output = 1 }", ("'input = %s' is not a price"):format(0 / 0))
  wrong("{ input = 1e400, output = 1 }",
    "'input = inf' is more than anybody asks; prices are in dollars per million tokens")
  wrong("{ input = 2500000, output = 1 }",
    "'input = 2500000' is more than anybody asks; prices are in dollars per million tokens")
  wrong("{ input = 2.5e-6, output = 1 }",
    "'input = 2.5e-06' looks like a price per token; prices are per million: input = 2.5")
  wrong('{ input = "1", output = 1 }',
    [['input = "1"' is not a number of dollars per million tokens]])
  wrong("{ input = 1 }", "input and output must be said, 0 if they are")
  wrong("{ input = 1, output = 1, inptu = 2 }",
    "unknown name 'inptu' (there are: above, cached, input, output, reasoning, write)")
  wrong("5", "5 is no table such as { input = 2.5, output = 10 }")
end)

check.that("what is no tier is told", function()
  local function wrong(above, message)
    raises('"a/b": ' .. message,
      ('{ ["a/b"] = { input = 1, output = 1, above = %s } }'):format(above))
  end
  wrong("5", 'above is a table such as { ["200k tokens"] = { input = 5, output = 15 } }')
  wrong('{ ["many"] = {} }', 'above: "many" is not like "200k tokens"')
  wrong('{ ["0 tokens"] = {} }', 'above: "0 tokens" is not like "200k tokens"')
  wrong('{ ["1k tokens"] = {}, ["1000 tokens"] = {} }', 'above: "1k tokens" is there twice')
  wrong('{ ["1k tokens"] = { input = -1 } }', 'above "1k tokens": \'input = -1\' is not a price')
  wrong('{ ["1k tokens"] = 1 }', 'above: "1k tokens" needs a table')
  wrong('{ ["1 token"] = {}, ["2 tokens"] = {}, ["3 tokens"] = {}, ["4 tokens"] = {} }',
    "above: at most 3 tiers")
end)

check.that("a name without a provider, and what is no table, are told", function()
  raises('"gpt-4o" is not "provider/model", such as "openai/gpt-4o"',
    '{ ["gpt-4o"] = { input = 1, output = 1 } }')
  raises('expected a file or a table such as { ["openai/gpt-4o"] = '
    .. "{ input = 2.5, output = 10 } }, not 5", "(5)")
  raises("one file; say p.prices once more for another", '{ "a.json", "b.json" }')
  raises('the first item is a file such as "prices.json"; it is 5', "{ 5 }")
end)

-- A world with a file whose text decodes to that.
local function with_file(v, why)
  local world = fake.world()
  world.files["prices.json"] = "text"
  world.require "perilune.core".json_decode = function() return v, why end
  return world
end

check.that("a file's prices hold, and the policy's go over them", function()
  local rates = { input = 1, output = 2 }
  local world = with_file { ["a/b"] = rates, ["a/c"] = rates }
  world.load(p .. [[
    p.prices { "prices.json", ["a/b"] = { input = 7, output = 8 } }
    return p.say "x"]])
  check.is(world.prices["a/b"][1].input, 7)
  check.is(world.prices["a/c"][1].output, 2)
end)

check.that("what is wrong with a file is told with its name", function()
  local load = 'p.prices "prices.json"'
  check.raises('P:2: prices: cannot read "prices.json": No such file or directory', p .. load)
  check.raises('P:2: prices: "prices.json": "a/b": \'input = -1\' is not a price', p .. load,
    with_file { ["a/b"] = { input = -1, output = 2 } })
  check.raises('P:2: prices: "prices.json": line 1: unexpected end', p .. load,
    with_file(nil, "line 1: unexpected end"))
  check.raises('P:2: prices: "prices.json": it is no table such as '
    .. '{ "openai/gpt-4o": { "input": 2.5, ... } }', p .. load, with_file(5))
end)

check.that("prices are said at load", function()
  check.raises_asked(
    'P:2: p.prices "x.json" is a declaration; move it above "return function(req)"',
    p .. 'return function() p.prices "x.json" end')
end)
