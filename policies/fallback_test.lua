-- fallback_test.lua: what fallback.lua promises, proved in a simulated world.
local test = require "perilune.test"

local gpt, claude = "openai/gpt-4o", "anthropic/claude-sonnet-4-5"
local here = { policy = "fallback.lua" }
local function streams(text) return { text = text, stream = true, every = "1s" } end

test("while all is well the first answers alone", here, function(t)
  t:ask "hello":expect { model = "gpt-4o", path = "gpt-4o ok" }
  t:expect { arrivals = 1 }
end)

test("ten minutes of an outage: every client has an answer, nearly all at once", here, function(t)
  t:model(gpt, { fails = 503, lasts = "10m" })
  local all = t:ask_many(600, streams "hello")
  all:expect { status = 200, error = false, provider = "anthropic", seconds = "< 4s" }
  assert(all:seconds(0.95) < 2)
  t:expect { arrivals = { [gpt] = "< 30" } }
  t:advance "6m"
  t:ask_many(10, streams "hello"):expect { model = "gpt-4o", attempts = 1 }
end)

test("a hang is given up after ten seconds, and after a few nobody waits", here, function(t)
  t:model(gpt, { hangs = true })
  t:ask(streams "hello")
    :expect { model = "claude-sonnet-4-5", first_seconds = test.about("10s", "1s") }
  t:ask_many(20, streams "hello")
  t:ask(streams "hello")
    :expect { path = "gpt-4o open, claude-sonnet-4-5 ok", first_seconds = "< 1s" }
end)

test("a whole reply is given sixty seconds", here, function(t)
  t:model(gpt, { hangs = true })
  t:ask "hello":expect { model = "claude-sonnet-4-5", seconds = test.about("60s", "1s") }
end)

test("a glitch is tried once more, so that the first still answers", here, function(t)
  t:model(gpt, { fails = 500, times = 1 })
  t:ask "hello":expect { model = "gpt-4o", attempts = 2, seconds = "< 2s" }
end)

test("nobody waits for a rate limit", here, function(t)
  t:model(gpt, { limits = "10 requests/min" })
  local all = t:ask_many(60, { text = "hello", every = "1s" })
  all:expect { status = 200, seconds = "< 1s" }
  assert(all:count { provider = "openai" } >= 10 and all:count { provider = "anthropic" } > 40)
end)

test("a bad key costs no client an answer", here, function(t)
  t:model("openai/*", { error = "invalid_api_key" })
  t:ask_many(100, { text = "hello", every = "1s" })
    :expect { provider = "anthropic", seconds = "< 1s" }
end)

test("what is too long for one goes to the next, and is told when it is for all", here, function(t)
  t:model(gpt, { error = "context_length_exceeded" })
  t:ask "long":expect { model = "claude-sonnet-4-5", attempts = 2 }
  t:model("*", { error = "context_length_exceeded" })
  t:model(gpt, { error = "context_length_exceeded" })
  t:ask "long":expect { status = 400, error = "context_length_exceeded", attempts = 3 }
end)

test("what was filtered, or is wrong, is told and not asked elsewhere", here, function(t)
  for _, error in ipairs { "content_filter", "invalid_request_error" } do
    t:model(gpt, { error = error })
    t:ask "hello":expect { status = 400, attempts = 1 }
  end
  t:expect { arrivals = { [gpt] = 2, [claude] = 0 } }
end)

test("a stream cut in the middle ends as broken and is not begun again", here, function(t)
  t:model(gpt, { cuts_after = 4 })
  t:ask(streams "hello"):expect { status = 200, cut = true, attempts = 1 }
end)

test("two hundred clients at once, and the first provider gone", here, function(t)
  t:model(gpt, { fails = 503 })
  t:ask_many(200, "hello"):expect { status = 200, provider = "anthropic", seconds = "< 2s" }
  t:expect { arrivals = { [gpt] = "< 260", [claude] = 200 } } -- retries: a fifth on top
end)

test("with nobody left there is an apology", here, function(t)
  t:model("*", { refuses = true })
  t:ask "hello":expect { status = 200, path = test.like "sorry$", seconds = "< 10s" }
  t:ask "hello":expect { text = test.has "high demand" }
end)

test("who has no key is left out", { policy = "fallback.lua", keys = { "GEMINI_API_KEY" } },
  function(t)
    t:ask "hello":expect { path = "gemini-2.5-flash ok" }
  end)

test("without any key the simulated provider answers", { policy = "fallback.lua", keys = {} },
  function(t)
    t:ask "hello":expect { status = 200, provider = "sim" }
  end)
