-- faq: p.faq.

local check = require "check"
local fake = require "fake_core"

local p = 'local p = require "perilune"\n'

local function world_of(policy)
  local world = fake.world()
  world.files["faq.json"] = "written"
  world.files["bad.json"] = "bad"
  return world.load(p .. policy)
end

check.that("what is asked there is answered from the file", function()
  local world = world_of 'return { p.faq "faq.json", "openai/a" }'
  check.is(world.ask({ text = "known" }).said, "written")
  check.is(#world.asked, 0)
  check.is(world.min, 0.6)
end)

check.that("anything else is declined, and the next rung asked", function()
  local world = world_of 'return { p.faq { "faq.json", min = 0.9 }, "openai/a" }'
  check.is(world.ask({ text = "other" }).said, "the answer of a")
  check.is(world.min, 0.9)
end)

check.that("it may stand in p.rescue", function()
  world_of 'p.rescue { p.faq "faq.json" } return "openai/a"'
end)

check.that("what is wrong is told", function()
  local function raises(message, policy)
    local ok, why = pcall(world_of, policy)
    check.is(ok, false)
    check.is(why, message)
  end
  raises('P:2: faq: cannot read "none.json": No such file or directory',
    'local f = p.faq "none.json"')
  raises('P:2: faq: "bad.json": entry 2 has no "question"', 'local f = p.faq "bad.json"')
  raises('P:2: faq: expected a file such as "faq.json", not 5', "local f = p.faq(5)")
  raises('P:2: faq: the first and only item is a file such as "faq.json"; it is nil',
    "local f = p.faq {}")
  raises("P:2: 'min = 2' is not a number above 0, up to 1",
    'local f = p.faq { "faq.json", min = 2 }')
  raises("P:2: faq: unknown option 'similar' (there are: min)",
    'local f = p.faq { "faq.json", similar = 0.9 }')
end)
