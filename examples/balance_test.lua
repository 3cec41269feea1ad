-- balance_test.lua: what balance.lua promises, proved in a simulated world.
local test = require "perilune.test"

local one, two, third = "openai/gpt-4o", "openrouter/gpt-4o", "anthropic/claude-sonnet-4-5"
local here = { policy = "balance.lua" }

test("both share the work, the faster one has more of it", here, function(t)
  t:model(one, { latency = "200ms" })
  t:model(two, { latency = "600ms" })
  t:ask_many(300, { text = "hello", stream = true, every = "50ms" }):expect { status = 200 }
  t:expect { arrivals = { [one] = "> 200", [two] = "> 15", [third] = 0 } }
end)

test("an outage of one costs no client an answer, and few a wait", here, function(t)
  t:model(one, { fails = 503, lasts = "5m" })
  local all = t:ask_many(600, { text = "hello", every = "500ms" })
  all:expect { status = 200, provider = "openrouter", seconds = "< 1s" }
  t:expect { arrivals = { [one] = "< 15" } }
end)

test("it comes back by itself", here, function(t)
  t:model(one, { fails = 503, lasts = "5m" })
  t:ask_many(600, { text = "hello", every = "500ms" })
  t:advance "5m"
  t:ask_many(100, { text = "hello", every = "100ms" }):expect { status = 200, attempts = 1 }
  t:expect { arrivals = { [one] = "> 30" } }
end)

test("whoever refuses in a millisecond does not draw the traffic", here, function(t)
  t:model(one, { error = "rate_limit_exceeded", latency = "1ms" })
  t:model(two, { latency = "2s" })
  local all = t:ask_many(200, { text = "hello", stream = true, every = "100ms" })
  all:expect { provider = "openrouter" }
  t:expect { arrivals = { [one] = "< 60" } }
end)

test("with both of them gone the third answers, and nobody waits for them", here, function(t)
  t:model(one, { hangs = true })
  t:model(two, { refuses = true })
  t:ask_many(50, { text = "hello", stream = true, every = "2s" })
  local late = t:ask_many(20, { text = "hello", stream = true, every = "1s" })
  late:expect { status = 200, provider = "anthropic" }
  assert(late:seconds(0.9) < 1)
end)

test("by headroom no limit is run into", { policy = [[
local p = require "perilune"
return p.balance { "openai/gpt-4o", "openrouter/gpt-4o", by = "headroom" }]] }, function(t)
  t:model(one, { limits = "60 requests/min", latency = { "200ms", "3s" } })
  t:model(two, { limits = "300 requests/min", latency = { "200ms", "3s" } })
  local all = t:ask_many(1500, { text = "hello", stream = true, every = "200ms" })
  all:expect { status = 200, attempts = 1 }
  t:expect { arrivals = { [one] = "> 100", [two] = "> 800" } }
end)
