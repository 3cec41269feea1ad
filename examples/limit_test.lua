-- limit_test.lua: what limit.lua promises, proved in a simulated world.
local test = require "perilune.test"

local policy = { policy = "limit.lua" }

local function ask_many(t, n, user)
  for _ = 1, n do t:ask { text = "hello", user = user }:expect { model = "gpt-4o" } end
end

test("twenty in a minute, and then the small model", policy, function(t)
  ask_many(t, 20, "ann")
  t:ask { text = "hello", user = "ann" }
    :expect { model = "gpt-4o-mini", path = "own limited, all ok, gpt-4o-mini ok" }
  t:advance "61s"
  ask_many(t, 1, "ann")
end)

test("one user's limit is not another's", policy, function(t)
  ask_many(t, 20, "ann")
  ask_many(t, 1, "bob")
end)

test("some have more, and some no limit", policy, function(t)
  ask_many(t, 30, "nightly")
  ask_many(t, 300, "ops")
end)

test("a conversation too long for the limit is told so by nobody here", policy, function(t)
  t:ask { text = "hello", user = "ann", max_tokens = 60000 }
    :expect { model = "gpt-4o-mini", path = "own too_large, all ok, gpt-4o-mini ok" }
end)

test("when nothing else is left, the client hears which limit and when", policy, function(t)
  t:model("openai/gpt-4o-mini", { fails = 500 })
  ask_many(t, 20, "ann")
  t:ask { text = "hello", user = "ann" }:expect { status = 429, error = "rate_limit_exceeded",
    headers = { ["x-ratelimit-remaining-requests"] = "0", ["retry-after"] = "60" } }
end)
