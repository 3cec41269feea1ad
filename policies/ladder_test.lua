-- ladder_test.lua: what ladder.lua promises, proved in a simulated world.
local test = require "perilune.test"

local gpt, claude = "openai/gpt-4o", "anthropic/claude-sonnet-4-5"
local mini = "openai/gpt-4o-mini"
local here = { policy = "ladder.lua" }
local question = "How do I reset my password?"

local function down(t, ...)
  for _, name in ipairs { ... } do t:model(name, { fails = 503 }) end
end

test("all is well: a full answer", here, function(t)
  t:ask "hello":expect { path = "gpt-4o ok" }
end)

test("a glitch is tried again, so that the answer is a full one", here, function(t)
  t:model(gpt, { fails = 503, times = 2 })
  t:ask "hello":expect { model = "gpt-4o", attempts = 3, seconds = "< 4s" }
end)

test("the full models away: a simpler one answers", here, function(t)
  down(t, gpt, claude)
  t:ask "hello":expect { status = 200, model = "gpt-4o-mini", seconds = "< 15s" }
  down(t, mini)
  t:ask "hello":expect { status = 200, model = "llama-3.1-8b-instant" }
end)

test("all models away: a written answer, or an apology", here, function(t)
  t:model("*", { refuses = true })
  t:ask(question):expect { status = 200, text = test.has "Forgotten password", model = false }
  t:ask "Write me a poem":expect { status = 200, text = test.has "high demand" }
end)

test("ten minutes without any full model: all are answered, and few wait", here, function(t)
  t:model(gpt, { fails = 503, lasts = "10m" })
  t:model(claude, { hangs = true, lasts = "10m" })
  local all = t:ask_many(600, { text = "hello", stream = true, every = "1s" })
  all:expect { status = 200, error = false }
  assert(all:seconds(0.9) < 2)
  t:expect { arrivals = { [gpt] = "< 30", [claude] = "< 40" } }
  t:advance "6m"
  t:ask_many(10, { text = "hello", every = "1s" }):expect { model = "gpt-4o", attempts = 1 }
end)

test("one that hangs is given ten seconds, and after a few not even that", here, function(t)
  t:model(gpt, { hangs = true })
  t:ask { text = "hello", stream = true }
    :expect { model = "claude-sonnet-4-5", first_seconds = test.about("10s", "1s") }
  t:ask_many(5, { text = "hello", stream = true, every = "11s" })
  t:ask { text = "hello", stream = true }:expect { path = test.has "gpt-4o open", seconds = "< 1s" }
end)

test("a rate limit is not waited for", here, function(t)
  t:model(gpt, { limits = "10 requests/min" })
  t:ask_many(60, { text = "hello", every = "1s" }):expect { status = 200, seconds = "< 1s" }
end)

test("a conversation too long for the full models: the simpler one gets its newest turns", here,
  function(t)
    t:model(gpt, { error = "context_length_exceeded" })
    t:model(claude, { error = "context_length_exceeded" })
    local messages = { { role = "system", content = "Be brief." } }
    for i = 1, 100 do
      messages[#messages + 1] = { role = "user", content = i .. (" word"):rep(300) }
      messages[#messages + 1] = { role = "assistant", content = "Yes." }
    end
    messages[#messages + 1] = { role = "user", content = "And now?" }
    t:ask { messages = messages }:expect { status = 200, model = "gpt-4o-mini" }
    local sent = t:last(mini).body.messages
    assert(#sent < 150 and sent[1].content == "Be brief." and sent[#sent].content == "And now?")
  end)

test("bad keys, everywhere: an apology, and no retries", here, function(t)
  t:model("*", { error = "invalid_api_key" })
  t:ask "hello":expect { status = 200, text = test.has "high demand", attempts = 4 }
end)

test("what was filtered is told and not asked elsewhere", here, function(t)
  t:model(gpt, { error = "content_filter" })
  t:ask "hello":expect { status = 400, attempts = 1 }
end)

test("two hundred clients at once in an outage: all are answered, the retries spread", here,
  function(t)
    t:model(gpt, { fails = 503 })
    t:ask_many(200, "hello"):expect { status = 200, seconds = "< 10s" }
    t:expect { arrivals = { [gpt] = "< 280" } }
  end)

local ACTS = { { fails = 503 }, { fails = 500 }, { hangs = true }, { refuses = true },
  { garbage = true }, { error = "rate_limit_exceeded", retry_after = "20s" },
  { error = "invalid_api_key" }, { error = "insufficient_quota" },
  { error = "context_length_exceeded" }, { latency = { "1s", "30s" } }, { latency = "50ms" } }

local function some_act(from)
  local act = { from = from .. "s", lasts = "60s" }
  for word, v in pairs(ACTS[math.random(#ACTS)]) do act[word] = v end
  return act
end

test("whatever the models do, every client has an answer in time", here, function(t)
  for _, name in ipairs { gpt, claude, mini, "groq/llama-3.1-8b-instant" } do
    t:model(name, some_act(0), some_act(60), some_act(120))
  end
  local all = t:ask_many(360, function(i)
    return { text = "hello", stream = i % 2 == 0, every = "500ms" }
  end)
  all:expect { done = true, status = 200, error = false, seconds = "<= 121s" }
end)

test("a key for the simpler model alone is enough", { policy = "ladder.lua",
  keys = { "GROQ_API_KEY" } }, function(t)
  t:ask "hello":expect { path = "llama-3.1-8b-instant ok" }
end)

test("without any key the simulated provider answers", { policy = "ladder.lua", keys = {} },
  function(t)
    t:ask "hello":expect { status = 200, provider = "sim" }
  end)
