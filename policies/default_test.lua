-- default_test.lua: what the built-in policy promises.
local test = require "perilune.test"

test("without a key the simulated provider plays any model", { policy = "default.lua", keys = {} },
  function(t)
    t:ask { text = "hello", model = "gpt-4o" }:expect { status = 200, provider = "sim" }
  end)

test("a full name goes to its provider", { policy = "default.lua" }, function(t)
  t:ask { text = "hello", model = "groq/llama-3.3-70b" }
    :expect { provider = "groq", model = "llama-3.3-70b" }
end)

test("a bare name finds its provider", { policy = "default.lua" }, function(t)
  for name, provider in pairs { ["claude-sonnet-4-5"] = "anthropic", ["gemini-2.5-pro"] = "gemini",
    ["gpt-4o"] = "openai" } do
    t:ask { text = "hello", model = name }:expect { provider = provider, model = name }
  end
end)

test("a provider without a key is not there",
  { policy = "default.lua", keys = { "OPENAI_API_KEY" } }, function(t)
    t:ask { text = "hello", model = "openai/gpt-4o" }:expect { status = 200 }
    t:ask { text = "hello", model = "groq/llama-3.3-70b" }
      :expect { status = 404, error = "model_not_found" }
  end)

test("a failure is told as it is", { policy = "default.lua" }, function(t)
  t:model("openai/gpt-4o", { error = "context_length_exceeded" })
  t:ask { text = "hello", model = "gpt-4o" }
    :expect { status = 400, error = "context_length_exceeded", attempts = 1 }
end)
