-- default: the built-in policy.

local check = require "check"
local fake = require "fake_core"

local function started(...)
  local world = fake.world()
  for _, key in ipairs { ... } do world.env[key] = "k" end
  local file = assert(io.open "policies/default.lua")
  world.load(file:read "a")
  file:close()
  return world
end

check.that("without keys the simulated provider plays every model", function()
  local world = started()
  check.is(world.ask({ model = "gpt-4o" }).said, "the answer of gpt-4o")
  world.ask({ model = "anthropic/claude-x" })
  world.ask()
  check.is(table.concat(world.asked, " "), "sim/gpt-4o sim/anthropic/claude-x sim/simulated")
end)

check.that("with keys a name goes to its provider", function()
  local world = started("OPENAI_API_KEY", "ANTHROPIC_API_KEY", "GEMINI_API_KEY", "GROQ_API_KEY")
  for _, name in ipairs { "gpt-4o", "claude-x", "gemini-x", "groq/llama", "sim/x" } do
    world.ask({ model = name })
  end
  check.is(table.concat(world.asked, " "),
    "openai/gpt-4o anthropic/claude-x gemini/gemini-x groq/llama sim/x")
end)

check.that("a name whose provider has no key is 404 and says what there is", function()
  local reply = started("ANTHROPIC_API_KEY").ask({ model = "gpt-4o" })
  check.is(reply.status, 404)
  check.has(reply.said, "anthropic/*, sim/*")
end)

check.that("a failure is told as it is", function()
  local world = started("OPENAI_API_KEY")
  world.script["gpt-4o"] = { { fault = "overloaded" } }
  local reply, fault = world.ask({ model = "gpt-4o" })
  check.is(reply, nil)
  check.is(fault.kind, "overloaded")
end)

check.that("a request without a model is told so", function()
  check.is(started("OPENAI_API_KEY").ask().status, 400)
end)

check.that("it fits on a page of forty lines", function()
  local lines = 0
  for _ in io.lines "policies/default.lua" do lines = lines + 1 end
  check.is(lines <= 40, true)
end)
