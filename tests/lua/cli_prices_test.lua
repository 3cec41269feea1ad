-- cli: perilune prices.

local check = require "check"
local fake = require "fake_core"

local run = fake.world().require "cli.prices"

local function new_tool(table_of_models)
  local tool = { said = "", complained = "" }
  function tool.out(text) tool.said = tool.said .. text end
  function tool.err(text) tool.complained = tool.complained .. text end
  function tool.read(path)
    if path ~= "m.json" then return nil, "there is no such file" end
    return "text"
  end
  function tool.decode() return table_of_models, "unexpected byte at byte 1" end
  function tool.prices()
    local tier = { above = 0, input = 1.25, output = 10, cached = 0.125, write = 1.25,
      reasoning = 10 }
    local long = { above = 200000, input = 2.5, output = 15, cached = 0.25, write = 2.5,
      reasoning = 15 }
    return { { name = "gemini/gemini-2.5-pro", tier, long }, { name = "openai/gpt-4o", tier } }
  end
  function tool.quote(text) return '"' .. text .. '"' end
  return tool
end

local function import(models, ...)
  local tool = new_tool(models)
  return run({ "import", "m.json", ... }, tool), tool
end

local function model(provider, input, output, more)
  local t = { litellm_provider = provider, mode = "chat", input_cost_per_token = input,
    output_cost_per_token = output }
  for name, v in pairs(more or {}) do t[name] = v end
  return t
end

check.that("prices are shown, all or one, with their tiers", function()
  local tool = new_tool()
  check.is(run({}, tool), 0)
  check.has(tool.said, "openai/gpt-4o")
  tool = new_tool()
  check.is(run({ "show", "gemini/gemini-2.5-pro" }, tool), 0)
  check.has(tool.said, "  above 200000 tokens                      2.5        15      0.25")
  check.is(tool.said:find("openai", 1, true), nil)
  check.is(run({ "show", "openai/gpt4o" }, tool), 1)
  check.has(tool.complained, "no price of 'openai/gpt4o' is built in (did you mean openai/gpt-4o?)")
end)

check.that("prices per token become prices per million, to the last digit", function()
  local status, tool = import {
    ["gpt-4o"] = model("openai", 2.5e-06, 1e-05, { cache_read_input_token_cost = 1.25e-06 }),
    ["claude"] = model("anthropic", 3e-06, 1.5e-05, { cache_creation_input_token_cost = 3.75e-06,
      cache_creation_input_token_cost_above_1hr = 6e-06 }),
    ["groq/llama"] = model("groq", 5.9e-07, 7.9e-07),
  }
  check.is(status, 0)
  check.is(tool.said, [[
{
"anthropic/claude":{"input":3,"output":15,"write":3.75},
"groq/llama":{"input":0.59,"output":0.79},
"openai/gpt-4o":{"input":2.5,"output":10,"cached":1.25}
}
]])
  check.is(tool.complained,
    "3 models; left out: 0 that say they are free, 0 not paid by the token, 0 wrong\n")
end)

check.that("long contexts become tiers, and other ways to pay are left out", function()
  local _, tool = import { ["gemini/pro"] = model("gemini", 1.25e-06, 1e-05, {
    input_cost_per_token_above_200k_tokens = 2.5e-06,
    output_cost_per_token_above_200k_tokens = 1.5e-05,
    input_cost_per_token_above_200k_tokens_batches = 1e-06,
    input_cost_per_token_priority = 9e-06, output_cost_per_reasoning_token = 2e-05 }) }
  check.has(tool.said, '"gemini/pro":{"input":1.25,"output":10,"reasoning":20,'
    .. '"above":{"200k tokens":{"input":2.5,"output":15}}}')
end)

check.that("providers have our names, and those named are the only ones", function()
  local models = {
    ["together_ai/llama"] = model("together_ai", 1e-06, 1e-06),
    ["fireworks_ai/accounts/x"] = model("fireworks_ai", 1e-06, 1e-06),
    ["azure/gpt-4o"] = model("azure", 1e-06, 1e-06),
    ["vertex_ai/claude"] = model("vertex_ai-anthropic_models", 1e-06, 1e-06),
    ["deepseek-chat"] = model("deepseek", 1e-06, 1e-06),
    ["deepseek/deepseek-chat"] = model("deepseek", 2e-06, 2e-06),
  }
  local _, tool = import(models)
  for _, name in ipairs { "together/llama", "fireworks/accounts/x", "azure/gpt-4o",
    "vertex_ai/claude" } do
    check.has(tool.said, ('"%s":{"input":1,"output":1}'):format(name))
  end
  check.has(tool.said, '"deepseek/deepseek-chat":{"input":2,"output":2}')
  local _, only = import(models, "azure", "together")
  check.has(only.complained, "2 models;")
end)

check.that("what is not paid by the token, or is said to be free, is left out", function()
  local status, tool = import {
    sample_spec = model("one of https://docs", 0, 0),
    ["dall-e"] = { litellm_provider = "openai", mode = "image_generation" },
    ["per-page"] = { litellm_provider = "mistral", mode = "chat" },
    ["half"] = { litellm_provider = "openai", mode = "chat", input_cost_per_token = 1e-06 },
    ["ollama/llama"] = model("ollama", 0, 0),
    ["embed"] = { litellm_provider = "openai", mode = "embedding", input_cost_per_token = 2e-08 },
  }
  check.is(status, 0)
  check.has(tool.said, '"openai/embed":{"input":0.02,"output":0}')
  check.has(tool.complained,
    "1 models; left out: 1 that say they are free, 4 not paid by the token")
end)

check.that("a price that cannot be is left out and told, with the model and the field", function()
  for _, v in ipairs { -1e-06, 0 / 0, math.huge, 2.5, 1e-15, "3e-06", true, {} } do
    local status, tool = import {
      ["bad"] = model("openai", v, 1e-05), ["good"] = model("openai", 1e-06, 1e-06) }
    check.is(status, 1)
    check.has(tool.complained, 'perilune prices: m.json: "bad": input_cost_per_token ')
    check.has(tool.complained, "1 models; ")
    check.is(tool.said:find("bad", 1, true), nil)
  end
end)

check.that("a file that holds nothing of the kind is told", function()
  local status, tool = import(nil)
  check.is(status, 1)
  check.has(tool.complained, "m.json: unexpected byte at byte 1")
  check.is((import(5)), 1)
  check.is((import { a = 5, b = {} }), 1)
  check.is(run({ "import", "none.json" }, tool), 1)
  check.has(tool.complained, "none.json: there is no such file")
end)

check.that("prices tells what it does not know", function()
  local tool = new_tool()
  check.is(run({ "import" }, tool), 2)
  check.is(run({ "fetch" }, tool), 2)
  check.has(tool.complained, "there is no 'fetch' (there are: show, import)")
  check.is(run({ "--all" }, tool), 2)
  check.is(run({ "show", "a", "b" }, tool), 2)
  check.is(run({ "--help" }, tool), 0)
end)
