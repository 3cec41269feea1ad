-- breaker_test.lua: what breaker.lua promises, proved in a simulated world.
local test = require "perilune.test"

local large = "openai/gpt-4o"
local here = { policy = "breaker.lua" }

test("after three failures it is left alone for a minute", here, function(t)
  t:model(large, { fails = 500 })
  t:ask_many(50, { text = "hello", every = "1s" })
  t:expect { arrivals = 3 }
  t:ask "hello":expect { status = 200, path = "gpt-4o open, sorry", attempts = 0 }
end)

test("each time it fails again it is left alone for longer", here, function(t)
  t:model(large, { fails = 500 })
  t:ask_many(3600, { text = "hello", every = "1s" })
  assert(t:arrivals(large) < 18) -- three, then after 1, 2, 4, 5, 5 ... minutes
end)

test("of a thousand clients at once one finds out", here, function(t)
  t:model(large, { fails = 500, times = 3 }, { latency = "5s" })
  t:ask_many(3, { text = "hello", every = "1s" })
  t:advance "76s"
  local all = t:ask_many(1000, { text = "hello" })
  assert(all:count { model = "gpt-4o" } == 1)
  t:expect { arrivals = 4 }
  t:ask_many(100, { text = "hello" }):expect { model = "gpt-4o" }
end)

test("a probe that hangs is given up", here, function(t)
  t:model(large, { fails = 500, times = 3 }, { hangs = true, times = 1 })
  t:ask_many(3, { text = "hello", every = "1s" })
  t:advance "76s"
  t:send "hello"
  t:advance "2m"
  t:advance "3m"
  t:ask "hello":expect { model = "gpt-4o" }
end)

test("slow first tokens are failures here", here, function(t)
  t:model(large, { latency = "9s" })
  t:ask_many(4, { text = "hello", stream = true, every = "10s" })
  t:expect { arrivals = 3 }
end)

test("rate limits and mistakes of clients open nothing", here, function(t)
  t:model(large, { error = "rate_limit_exceeded", times = 10 }, { error = "invalid_request" })
  t:ask_many(30, { text = "hello", every = "1s" })
  t:expect { arrivals = 30 }
end)

test("the guarded ladder is left alone as a whole", here, function(t)
  t:model("perplexity/*", { fails = 503 })
  t:model("gemini/*", { hangs = true })
  t:ask { text = "search this", stream = true }
  t:ask { text = "search this", stream = true }
  t:ask "search this":expect { path = "search open, gpt-4o ok", seconds = "< 1s" }
end)
