-- agents_test.lua: what agents.lua promises, proved in a simulated world.
local test = require "perilune.test"

local claude, gpt = "anthropic/claude-sonnet-4-5", "openai/gpt-4o"
local here = { policy = "agents.lua" }

local function loop(session)
  return { session = session, stream = true, messages = {
    { role = "user", content = "What is the weather?" },
    { role = "assistant", tool_calls = { { id = "call_7b31f0aa", type = "function",
      ["function"] = { name = "weather", arguments = "{}" } } } },
    { role = "tool", tool_call_id = "call_7b31f0aa", content = "Rain." },
  } }
end

test("a session stays with the model that answered it", here, function(t)
  t:model(claude, { fails = 500, lasts = "1m" })
  t:ask { text = "hello", session = "one" }:expect { model = "gpt-4o" }
  t:advance "10m"
  t:ask { text = "again", session = "one" }:expect { model = "gpt-4o" }
  t:ask { text = "hello", session = "two" }:expect { model = "claude-sonnet-4-5" }
end)

test("a tool loop never switches: while its model is away the client is told when to come",
  here, function(t)
    t:ask { text = "hello", session = "one" }:expect { model = "claude-sonnet-4-5" }
    for _, act in ipairs { { fails = 503 }, { hangs = true }, { error = "rate_limit_exceeded" },
      { refuses = true }, { error = "invalid_api_key" } } do
      t:model(claude, act)
      t:ask(loop "one"):expect { status = 503, error = "model_away",
        headers = { ["retry-after"] = test.like "^%d+$" } }
    end
    t:expect { arrivals = { [gpt] = 0, ["openai/gpt-4o-mini"] = 0 } }
    t:model(claude)
    t:advance "10m"
    t:ask(loop "one"):expect { status = 200, model = "claude-sonnet-4-5" }
  end)

test("a rate limit in a loop is told at once, with the provider's wait", here, function(t)
  t:ask { text = "hello", session = "one" }
  t:model(claude, { error = "rate_limit_exceeded", retry_after = "30s" })
  t:ask(loop "one"):expect { status = 503, headers = { ["retry-after"] = "30" }, seconds = "< 1s" }
end)

test("a glitch in a loop costs a second and no more", here, function(t)
  t:ask { text = "hello", session = "one" }
  t:model(claude, { fails = 503, times = 2 })
  t:ask(loop "one"):expect { status = 200, model = "claude-sonnet-4-5", seconds = "< 4s" }
end)

test("a hundred loops in ten minutes of an outage: none is switched, all end", here, function(t)
  t:ask_many(100, function(i) return { text = "hello", session = "s" .. i } end)
  t:model(claude, { fails = 503, lasts = "10m" })
  local all = t:ask_many(100, function(i)
    local request = loop("s" .. i)
    request.every = "5s"
    return request
  end)
  all:expect { done = true, model = test.one_of(false, "claude-sonnet-4-5") }
  t:expect { arrivals = { [gpt] = 0 } }
end)

test("between two questions another model takes over, and keeps the session", here, function(t)
  t:ask { text = "hello", session = "one" }:expect { model = "claude-sonnet-4-5" }
  t:model(claude, { hangs = true, times = 1 })
  t:ask { text = "again", session = "one", stream = true }
    :expect { model = "gpt-4o", first_seconds = test.about("20s", "1s") }
  t:ask(loop "one"):expect { model = "gpt-4o" }
end)

test("a key never leaves, streamed or not; the reply ends there", here, function(t)
  for _, key in ipairs { "sk-proj-" .. ("aB3_"):rep(40), "ghp_" .. ("x1"):rep(18),
    "AKIAIOSFODNN7EXAMPLE" } do
    t:model(claude, { text = "The key is " .. key .. " and more." })
    for _, stream in ipairs { true, false } do
      t:ask { text = "hello", stream = stream }
        :expect { status = 200, text = "The key is [removed: a key]" }
    end
  end
end)

test("what only begins like a key passes", here, function(t)
  local text = "A risk-free task-force says sk-1, ghp_x and AKIA."
  t:model(claude, { text = text })
  t:ask { text = "hello", stream = true }:expect { text = text }
end)

test("what was filtered is told and not asked elsewhere", here, function(t)
  t:model(claude, { error = "content_filter" })
  t:ask "hello":expect { status = 400, attempts = 1 }
end)

test("with nobody left there is an apology", here, function(t)
  t:model("*", { fails = 503 })
  t:ask "hello":expect { status = 200, text = test.has "try again" }
end)

test("without any key the simulated provider answers", { policy = "agents.lua", keys = {} },
  function(t)
    t:ask { text = "hello", session = "one" }:expect { status = 200, provider = "sim" }
  end)
