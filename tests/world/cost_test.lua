-- cost_test.lua -- what requests cost can be expected as their status can.
local test = require "perilune.test"

local POLICY = [[
local p = require "perilune"
p.prices { ["openai/gpt-4o"] = { input = 0, output = 1000 },
  ["anthropic/claude-sonnet-4-5"] = { input = 0, output = 2000 } }
return { "openai/gpt-4o", "anthropic/claude-sonnet-4-5" }]]

local function says(t)
  t:model("openai/gpt-4o", { text = "one two three" })
  t:model("anthropic/claude-sonnet-4-5", { text = "one two" })
end

test("a reply is expected to cost so much", { policy = POLICY }, function(t)
  says(t)
  local r = t:ask "hello"
  r:expect { cost = 0.003, calls_unpriced = 0 }
  r:expect { cost = "0.003 usd" }
  r:expect { cost = "<= 0.01 usd" }
  assert(r.cost == 0.003)
  assert(not pcall(r.expect, r, { cost = "< 0.003 usd" }))
  assert(not pcall(r.expect, r, { cost = 0.003000001 }))
end)

test("a stream that moves on costs what answered", { policy = POLICY }, function(t)
  says(t)
  t:model("openai/gpt-4o", { fails = 503 })
  t:ask { text = "hello", stream = true }:expect { cost = 0.004, model = "claude-sonnet-4-5" }
end)

test("all requests together are expected to cost so much", { policy = POLICY }, function(t)
  says(t)
  local all = t:ask_many(10, "hello"):expect { cost = "0.003 usd" }
  assert(all:count { cost = "< 0.003 usd" } == 0)
  t:expect { cost = 0.03 }
  t:expect { cost = "<= 0.03 usd" }
  assert(not pcall(t.expect, t, { cost = "< 0.03 usd" }))
end)

test("a model without a price has no cost", { policy = "return 'openai/unheard-of'" }, function(t)
  t:ask "hello":expect { cost = false, calls_unpriced = 1 }
end)

local CHEAPEST = [[
local p = require "perilune"
p.prices { ["groq/small"] = { input = 1, output = 1 } }
return p.balance { "openai/gpt-4o", "groq/small", by = "cost" }]]

test("the cheapest is asked as long as its limits let it", { policy = CHEAPEST }, function(t)
  t:model("groq/small", { limits = "6 requests/min" })
  for _ = 1, 12 do t:ask "hello":expect { status = 200 } end
  t:expect { limited = 0, arrivals = { ["groq/small"] = test.one_of(5, 6) } }
end)

test("each model charges for what it told", { policy = POLICY }, function(t)
  says(t)
  t:model("openai/gpt-4o", { fails = 503, times = 2 }, { text = "one two three" })
  t:ask_many(3, "hello")
  t:expect { billed = { ["openai/gpt-4o"] = 0.003, ["anthropic/claude-sonnet-4-5"] = "0.008 usd" },
    cost = 0.011, unbilled = 0 }
  t:expect { billed = "<= 0.011 usd" }
  assert(not pcall(t.expect, t, { billed = { ["openai/gpt-4o"] = 0.004 } }))
  assert(t:billed() == t:cost())
end)

test("what a model did not tell is nobody's bill", { policy = POLICY }, function(t)
  says(t)
  t:model("openai/gpt-4o", { closes_early = true, times = 1 }, { hangs = true })
  t:ask { text = "hello", stream = true }
  local reply = t:send { text = "hello", stream = true }
  t:later("1s", function() reply:leave() end)
  t:advance "1m"
  t:expect { unbilled = 2 }
  t:expect { billed = { ["openai/gpt-4o"] = 0 } }
end)
