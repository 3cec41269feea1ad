-- balanced_test.lua: what balanced.lua promises, proved in a simulated world.
local test = require "perilune.test"

local groq = "groq/llama-3.3-70b-versatile"
local together = "together/meta-llama/Llama-3.3-70B-Instruct-Turbo"
local fireworks = "fireworks/accounts/fireworks/models/llama-v3p3-70b-instruct"
local deepinfra, stand_in = "deepinfra/meta-llama/Llama-3.3-70B-Instruct", "openai/gpt-4o-mini"
local here = { policy = "balanced.lua" }
local function everywhere(t, act)
  for _, name in ipairs { groq, together, fireworks, deepinfra } do t:model(name, act) end
end

local function streams(every) return { text = "hello", stream = true, every = every } end

test("all of them share the work, the faster ones have more of it", here, function(t)
  t:model(groq, { latency = "100ms" })
  t:model("*", { latency = "600ms" })
  t:ask_many(400, streams "50ms"):expect { status = 200, attempts = 1 }
  t:expect { arrivals = { [groq] = "> 120", [together] = "> 10", [fireworks] = "> 10",
    [deepinfra] = "> 10", [stand_in] = 0 } }
end)

test("ten minutes of an outage of one: every client has an answer at once", here, function(t)
  t:model(groq, { fails = 503, lasts = "10m" })
  t:ask_many(600, streams "1s"):expect { status = 200, error = false, seconds = "< 1s" }
  t:expect { arrivals = { [groq] = "< 20", [stand_in] = 0 } }
end)

test("when it is back it takes its share again", here, function(t)
  t:model(groq, { fails = 503, lasts = "10m" })
  t:ask_many(600, streams "1s")
  t:advance "6m"
  local before = t:arrivals(groq)
  t:ask_many(400, streams "100ms"):expect { attempts = 1 }
  assert(t:arrivals(groq) - before > 30)
end)

test("nobody waits for a rate limit, and few run into it", here, function(t)
  t:model(groq, { limits = "30 requests/min", latency = "10ms" })
  t:ask_many(600, streams "100ms"):expect { status = 200, seconds = "< 1s" }
  t:expect { limited = { [groq] = "< 20" } }
end)

test("a bad key draws no traffic", here, function(t)
  t:model("groq/*", { error = "invalid_api_key" })
  t:ask_many(300, streams "100ms"):expect { status = 200, seconds = "< 1s" }
  t:expect { arrivals = { [groq] = "< 20" } }
end)

test("a first token that is late is asked for elsewhere", here, function(t)
  everywhere(t, { hangs = true })
  t:ask(streams()):expect { model = "gpt-4o-mini", first_seconds = test.about("3s", "500ms") }
end)

test("a whole reply may take its time", here, function(t)
  everywhere(t, { latency = "20s" })
  t:ask "hello":expect { status = 200, attempts = 1, seconds = "20s" }
end)

test("with all places gone the stand-in answers, and nobody waits for them", here, function(t)
  everywhere(t, { refuses = true })
  t:ask_many(100, streams "1s"):expect { status = 200, model = "gpt-4o-mini", seconds = "< 1s" }
end)

test("what was filtered is told and not asked elsewhere", here, function(t)
  t:model("*", { error = "content_filter" })
  t:ask "hello":expect { status = 400, attempts = 1 }
  t:ask(streams()):expect { status = 400, attempts = 1 }
end)

test("two hundred clients at once spread, and all are answered", here, function(t)
  t:model(groq, { fails = 503 })
  t:ask_many(200, streams()):expect { status = 200, seconds = "< 2s" }
  t:expect { arrivals = { [together] = "> 20", [fireworks] = "> 20", [deepinfra] = "> 20" } }
end)

test("with nobody left there is an apology", here, function(t)
  t:model("*", { fails = 503 })
  t:ask "hello":expect { status = 200, text = test.has "busy" }
end)

test("of a single place that is dead nobody waits for long", { policy = "balanced.lua",
  keys = { "TOGETHER_API_KEY", "OPENAI_API_KEY" } }, function(t)
  t:model(together, { hangs = true })
  t:ask_many(5, { text = "hello", every = "61s" })
  t:ask "hello":expect { model = "gpt-4o-mini", seconds = "< 1s" }
end)

test("one key is enough", { policy = "balanced.lua", keys = { "TOGETHER_API_KEY" } }, function(t)
  t:ask "hello":expect { status = 200, provider = "together" }
  t:model("together/*", { fails = 503 })
  t:ask "hello":expect { status = 200, text = test.has "busy" }
end)

test("without any key the simulated provider answers", { policy = "balanced.lua", keys = {} },
  function(t)
    t:ask "hello":expect { status = 200, provider = "sim" }
    t:ask(streams()):expect { status = 200, provider = "sim" }
  end)
