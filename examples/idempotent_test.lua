-- idempotent_test.lua: what idempotent.lua promises, proved in a simulated world.
local test = require "perilune.test"

local policy = { policy = "idempotent.lua" }
local gpt = "openai/gpt-4o"

local function order(number, text)
  return { text = text or "two crates of apples", headers = { ["x-order"] = number } }
end

test("a repeat gets the first answer, and costs nothing", policy, function(t)
  local first = t:ask(order "7")
  first:expect { status = 200, path = "gpt-4o ok" }
  t:advance "70h"
  t:ask(order "7"):expect { status = 200, text = first.text, path = "idempotency replayed",
    attempts = 0, cost = 0, headers = { ["idempotent-replayed"] = "true" } }
  t:expect { arrivals = { [gpt] = 1 } }
end)

test("after three days it is asked anew", policy, function(t)
  t:ask(order "7")
  t:advance "73h"
  t:ask(order "7"):expect { path = "gpt-4o ok" }
end)

test("one that comes meanwhile waits for the first", policy, function(t)
  t:model(gpt, { latency = "2s" })
  local both = t:ask_many(2, function() return order "7" end)
  both:expect { status = 200 }
  t:expect { arrivals = { [gpt] = 1 } }
end)

test("another order under the same number is told so", policy, function(t)
  t:ask(order "7")
  t:ask(order("7", "a crate of pears"))
    :expect { status = 422, error = "idempotency_key_reused" }
end)

test("without a number each is asked by itself", policy, function(t)
  t:ask "hello"
  t:ask "hello"
  t:expect { arrivals = { [gpt] = 2 } }
end)

test("what failed is no answer, and is asked again", policy, function(t)
  t:model(gpt, { fails = 500, times = 1 })
  t:model("anthropic/*", { fails = 500, times = 1 })
  t:ask(order "7"):expect { status = 502 }
  t:ask(order "7"):expect { status = 200, model = "gpt-4o" }
end)
