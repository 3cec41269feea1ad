-- quotas_test.lua: what quotas.lua promises, proved in a simulated world.
local test = require "perilune.test"

local gpt = "openai/gpt-4o"
local here = { policy = "quotas.lua" }

-- Ask until no more is had; how many were answered, and the reply that said no.
local function ask_until_refused(t, request)
  for n = 0, 10000 do
    local reply = t:ask(request)
    if reply.status ~= 200 then return n, reply end
  end
  error "nobody ever says no"
end

test("all is well: an answer, and what it may take at most is in the path", here, function(t)
  t:ask "hello":expect { status = 200, model = "gpt-4o", path = test.has "gpt-4o ok(max_out=4096)" }
end)

test("a request that may take more than 50k tokens is told so, and asked of nobody", here,
  function(t)
    t:ask { text = ("word "):rep(60000) }:expect { status = 413, message = test.has "request" }
    t:expect { arrivals = 0 }
  end)

test("a request's calls together stay below 50k tokens", here, function(t)
  t:model(gpt, { text = "word", tokens = 20000 })
  t:ask { text = "hello", max_tokens = 100000 }:expect { status = 200 }
  local sent = t:last(gpt).body
  assert((sent.max_completion_tokens or sent.max_tokens) < 50000)
end)

test("a user has 200k tokens in an hour, and none of it is anybody else's", here, function(t)
  t:model(gpt, { tokens = 3500 })
  local ann = { text = "hello", user = "ann", max_tokens = 4000 }
  local n, no = ask_until_refused(t, ann)
  assert(n >= 55 and n <= 58, n)
  no:expect { status = 429, error = "budget_exceeded", message = test.has("user-hour", "200000") }
  assert(tonumber(no.headers["retry-after"]) <= 3600)
  t:ask { text = "hello", user = "bob" }:expect { status = 200 }
  t:advance "1h"
  t:ask(ann):expect { status = 200 }
end)

test("a user has a million in a day, whatever the hours allow", here, function(t)
  t:model(gpt, { tokens = 4000 })
  local hours, answered = 0, 0
  repeat
    local n, no = ask_until_refused(t, { text = "hello", user = "ann", max_tokens = 4000 })
    answered, hours = answered + n, hours + 1
    t:advance "1h"
  until no.message:find "user%-day" or hours > 12
  assert(hours <= 6, hours)
  assert(answered >= 245 and answered <= 255, answered)
end)

test("all users together have five million in an hour", here, function(t)
  t:model(gpt, { tokens = 4000 })
  local answered, refusal = 0, nil
  for i = 1, 40 do
    local n, no = ask_until_refused(t, { text = "hello", user = "user-" .. i, max_tokens = 4000 })
    answered = answered + n
    if no.message:find "global%-hour" then refusal = no break end
  end
  assert(refusal, "the hour of all is never used up")
  assert(answered >= 1240 and answered <= 1260, answered)
end)

test("a crowd at one moment gets no more than one after the other", here, function(t)
  t:model(gpt, { tokens = 3500, latency = "1s" })
  local all = t:ask_many(400, function()
    return { text = "hello", user = "ann", max_tokens = 4000 }
  end)
  local n = all:count { status = 200 }
  assert(n >= 40 and n <= 50, n)
  assert(all:count { status = 429 } == 400 - n)
end)

test("a model that fails costs nothing, and the next one answers", here, function(t)
  t:model(gpt, { fails = 503 })
  local ann = { text = "hello", user = "ann", max_tokens = 4000 }
  for _ = 1, 60 do t:ask(ann) end
  t:ask(ann):expect { status = 200, model = "claude-sonnet-4-5" }
end)

test("at four fifths the log has a line, once", here, function(t)
  t:model(gpt, { tokens = 3500 })
  ask_until_refused(t, { text = "hello", user = "ann", max_tokens = 4000 })
  local lines = 0
  for _, line in ipairs(t:log()) do
    if line.event == "budget_warning" and line.budget == "user-hour" then lines = lines + 1 end
  end
  assert(lines == 1, lines)
end)

test("without any key the simulated provider answers", { policy = "quotas.lua", keys = {} },
  function(t)
    t:ask "hello":expect { status = 200, provider = "sim" }
  end)
