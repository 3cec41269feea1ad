-- ladder_test.lua: what ladder.lua promises, proved in a simulated world.
-- `perilune test examples/ladder_test.lua` runs it, in milliseconds and without a key.
local test = require "perilune.test"

local large, small = "anthropic/claude-sonnet-4-5", "openai/gpt-4o-mini"

test("while all is well, the large model answers alone", { policy = "ladder.lua" }, function(t)
  t:ask "hello":expect { text = "I am " .. large .. ".", attempts = 1 }
  t:expect { arrivals = { [large] = 1, [small] = 0 } }
end)

test("no client sees a failure of the large model", { policy = "ladder.lua" }, function(t)
  t:model(large, { fails = 500, lasts = "10m" })
  t:ask "hello":expect { status = 200, model = "gpt-4o-mini", seconds = "< 1s" }
  t:advance "11m"
  t:ask "hello":expect { model = "claude-sonnet-4-5" }
end)

test("a model that says nothing is given ten seconds, twice", { policy = "ladder.lua" }, function(t)
  t:model(large, { hangs = true })
  t:ask { text = "hello", stream = true }
    :expect { status = 200, model = "gpt-4o-mini", first_seconds = test.about("20s", "2s") }
end)

test("with nobody left there is an apology", { policy = "ladder.lua" }, function(t)
  t:model("anthropic/*", { refuses = true })
  t:model("openai/*", { error = "insufficient_quota" })
  t:ask "hello":expect { status = 200, text = test.has "busy" }
end)

test("whatever happens, every client gets an answer", { policy = "ladder.lua" }, function(t)
  t:model(large, { limits = "60 requests/min", latency = { "200ms", "2s" } })
  t:model(small, { fails = 503, from = "5s", lasts = "20s" })
  local all = t:ask_many(200, { text = "hello", every = "150ms", stream = true })
  all:expect { status = 200, error = false, text = test.has "" }
end)
