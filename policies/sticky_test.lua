-- sticky_test.lua: what sticky.lua promises, proved in a simulated world.
local test = require "perilune.test"

local claude, gpt = "anthropic/claude-sonnet-4-5", "openai/gpt-4o"
local here = { policy = "sticky.lua" }
local function says(session) return { text = "hello", session = session } end

test("a conversation keeps its model when that is no longer the first choice", here, function(t)
  t:model(claude, { fails = 500, lasts = "1m" })
  t:ask(says "one"):expect { model = "gpt-4o" }
  t:advance "23h"
  t:ask(says "one"):expect { model = "gpt-4o", path = "conversations pinned, gpt-4o ok" }
  t:ask(says "two"):expect { model = "claude-sonnet-4-5" }
end)

test("a day after its last request it begins anew", here, function(t)
  t:model(claude, { fails = 500, lasts = "1m" })
  t:ask(says "one"):expect { model = "gpt-4o" }
  t:advance "25h"
  t:ask(says "one"):expect { model = "claude-sonnet-4-5" }
end)

test("without a session what a user says is one conversation", here, function(t)
  t:model(claude, { fails = 500, lasts = "1m" })
  t:ask { text = "hello", user = "ann" }:expect { model = "gpt-4o" }
  t:advance "1h"
  t:ask { text = "hello", user = "ann" }:expect { model = "gpt-4o" }
  t:ask { text = "hello", user = "bob" }:expect { model = "claude-sonnet-4-5" }
  t:ask(says "ann"):expect { model = "claude-sonnet-4-5" } -- a session of that name is no user
end)

test("who says neither begins at the first model each time", here, function(t)
  t:model(claude, { fails = 500, lasts = "1m" })
  t:ask "hello":expect { model = "gpt-4o" }
  t:advance "1h"
  t:ask "hello":expect { model = "claude-sonnet-4-5" }
end)

test("in an outage every conversation goes on, and is not thrown back and forth", here, function(t)
  t:ask_many(50, function(i) return says("s" .. i) end):expect { model = "claude-sonnet-4-5" }
  t:model(claude, { fails = 503, lasts = "10m" })
  t:ask_many(600, function(i)
    return { text = "hello", session = "s" .. i % 50 + 1, every = "1s" }
  end):expect { status = 200, model = "gpt-4o", seconds = "< 4s" }
  t:expect { arrivals = { [claude] = "< 120" } }
  t:advance "10m"
  t:ask_many(50, function(i) return says("s" .. i) end):expect { model = "gpt-4o" }
end)

test("a hang moves it after ten seconds, a rate limit at once", here, function(t)
  t:ask(says "one")
  t:model(claude, { hangs = true, times = 1 })
  t:ask { text = "hello", session = "one", stream = true }
    :expect { model = "gpt-4o", first_seconds = test.about("10s", "1s") }
  t:model(gpt, { error = "rate_limit_exceeded", retry_after = "30s" })
  t:ask(says "one"):expect { model = "claude-sonnet-4-5", seconds = "< 1s" }
end)

test("what was filtered is told and moves nobody", here, function(t)
  t:ask(says "one")
  t:model(claude, { error = "content_filter", times = 1 })
  t:ask(says "one"):expect { status = 400, attempts = 1 }
  t:ask(says "one"):expect { model = "claude-sonnet-4-5" }
end)

test("with nobody left there is an apology", here, function(t)
  t:model("*", { refuses = true })
  t:ask(says "one"):expect { status = 200, text = test.has "busy" }
end)

test("without any key the simulated provider answers", { policy = "sticky.lua", keys = {} },
  function(t)
    t:ask(says "one"):expect { status = 200, provider = "sim" }
  end)
