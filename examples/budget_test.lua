-- budget_test.lua: what budget.lua promises, proved in a simulated world.
local test = require "perilune.test"

local policy = { policy = "budget.lua" }

local function ask(t, user, max_tokens)
  return t:ask { text = "hello", user = user, max_tokens = max_tokens or 1000 }
end

-- Spend the day's tokens of a user.
local function spend(t, user)
  t:model("openai/gpt-4o", { tokens = 2000 })
  for _ = 1, 24 do ask(t, user, 2000):expect { model = "gpt-4o" } end
end

test("what is paid for is answered by the large model", policy, function(t)
  ask(t, "ann"):expect { model = "gpt-4o",
    path = "company ok, own ok, one-request ok, gpt-4o ok" }
end)

test("who names no limit gets one, and is told in the path", policy, function(t)
  t:ask { text = "hello", user = "ann" }
    :expect { path = "company ok, own ok, one-request ok, gpt-4o ok(max_out=2000)" }
end)

test("when the day's tokens are spent, the cellar answers", policy, function(t)
  spend(t, "ann")
  t:ask { text = ("hello "):rep(1000), user = "ann", max_tokens = 1000 }
    :expect { model = "llama-3.1-8b" }
  ask(t, "bob"):expect { model = "gpt-4o" }
end)

test("the next day is a new one", policy, function(t)
  spend(t, "ann")
  t:advance "24h"
  ask(t, "ann"):expect { model = "gpt-4o" }
end)

test("when the cellar is dark, the client hears which budget and until when", policy, function(t)
  spend(t, "ann")
  t:model("cellar/llama-3.1-8b", { fails = 500 })
  t:ask { text = ("hello "):rep(1000), user = "ann", max_tokens = 1000 }
    :expect { status = 429, error = "budget_exceeded" }
end)
