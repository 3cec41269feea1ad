-- sticky_test.lua: what sticky.lua promises, proved in a simulated world.
local test = require "perilune.test"

local claude, gpt = "anthropic/claude-sonnet-4-5", "openai/gpt-4o"
local policy = { policy = "sticky.lua" }

test("a conversation stays where it began, and others begin at the first", policy, function(t)
  t:model(claude, { fails = 500, lasts = "1m" })
  t:ask { text = "hello", session = "one" }:expect { model = "gpt-4o" }
  t:advance "10m"
  t:ask { text = "again", session = "one" }
    :expect { model = "gpt-4o", path = "agents pinned, gpt-4o ok" }
  t:ask { text = "hello", session = "two" }:expect { model = "claude-sonnet-4-5" }
end)

test("it moves when its model is away, and stays there", policy, function(t)
  t:ask { text = "hello", session = "one" }:expect { model = "claude-sonnet-4-5" }
  t:model(claude, { fails = 500, times = 1 })
  t:ask { text = "again", session = "one" }:expect { model = "gpt-4o" }
  t:ask { text = "once more", session = "one" }:expect { model = "gpt-4o" }
end)

local loop = { session = "one", messages = {
  { role = "user", content = "What is the weather?" },
  { role = "assistant", tool_calls = { { id = "call_7b31f0aa", type = "function",
    ["function"] = { name = "weather", arguments = "{}" } } } },
  { role = "tool", tool_call_id = "call_7b31f0aa", content = "Rain." },
} }

test("between a tool's call and its result nobody else is asked", policy, function(t)
  t:ask { text = "hello", session = "one" }:expect { model = "claude-sonnet-4-5" }
  t:model(claude, { fails = 500, lasts = "1m" })
  t:ask(loop):expect { status = 503, error = "model_away", headers = { ["retry-after"] = "5" } }
  t:expect { arrivals = { [gpt] = 0 } }
  t:advance "10m"
  t:ask(loop):expect { status = 200, model = "claude-sonnet-4-5" }
end)

test("after an hour nobody is remembered", policy, function(t)
  t:model(claude, { fails = 500, lasts = "1m" })
  t:ask { text = "hello", session = "one" }:expect { model = "gpt-4o" }
  t:advance "61m"
  t:ask { text = "again", session = "one" }:expect { model = "claude-sonnet-4-5" }
end)
