-- passthrough_test.lua: what passthrough.lua promises, proved in a simulated world.
local test = require "perilune.test"

local gpt = "openai/gpt-4o"
local here = { policy = "passthrough.lua" }
local hello = { text = "hello", model = gpt }

test("the model the client names is asked, at its provider", here, function(t)
  for name, provider in pairs { [gpt] = "openai", ["gpt-4o"] = "openai",
    ["claude-sonnet-4-5"] = "anthropic", ["gemini-2.5-pro"] = "gemini", ["groq/llama"] = "groq" } do
    t:ask { text = "hello", model = name }
      :expect { status = 200, provider = provider, model = name:match "[^/]+$", attempts = 1 }
  end
end)

test("it reaches the provider as it was sent", here, function(t)
  t:ask { text = "hello", model = "gpt-4o", max_tokens = 7, body = { seed = 3 } }
  local body = t:last(gpt).body
  assert(body.model == "gpt-4o" and body.max_tokens == 7 and body.seed == 3)
end)

test("a failure is told as it is, and nobody else is asked", here, function(t)
  for error, status in pairs { rate_limit_exceeded = 429, invalid_api_key = 502,
    content_filter = 400, context_length_exceeded = 400 } do
    t:model(gpt, { error = error })
    t:ask(hello):expect { status = status, attempts = 1 }
  end
  t:expect { arrivals = 4 }
end)

test("however often it fails, every request reaches it", here, function(t)
  t:model(gpt, { fails = 503 })
  t:ask_many(100, { text = "hello", model = gpt, every = "1s" }):expect { status = 503 }
  t:expect { arrivals = { [gpt] = 100 } }
end)

test("a model that thinks for a minute is waited for", here, function(t)
  t:model(gpt, { latency = "60s" })
  t:ask { text = "hello", model = gpt, stream = true }:expect { status = 200, seconds = ">= 60s" }
  t:ask(hello):expect { status = 200, seconds = ">= 60s" }
end)

test("one that says nothing at all is given up with the gateway's patience", here, function(t)
  t:model(gpt, { hangs = true })
  t:ask(hello):expect { status = 504, seconds = "120s", attempts = 1 }
end)

test("a stream that breaks off is told as broken", here, function(t)
  t:model(gpt, { cuts_after = 4 })
  t:ask { text = "hello", model = gpt, stream = true }
    :expect { status = 200, cut = true, attempts = 1 }
end)

test("a provider without a key is a 404 that says which there are",
  { policy = "passthrough.lua", keys = { "GROQ_API_KEY" } }, function(t)
    t:ask { text = "hello", model = "groq/llama" }:expect { status = 200 }
    t:ask(hello):expect { status = 404, message = test.has "groq/*", attempts = 0 }
  end)

test("without any key the simulated provider plays every model",
  { policy = "passthrough.lua", keys = {} }, function(t)
    t:ask(hello):expect { status = 200, provider = "sim", model = "gpt-4o" }
    t:ask "hello":expect { status = 200, provider = "sim" }
  end)
