-- teams_test.lua: what teams.lua promises, proved in a simulated world.
local test = require "perilune.test"

local policy = { policy = "teams.lua" }
local small, large = "openai/gpt-4o-mini", "openai/o1"
local gold, iron, admin = { team = "gold" }, { team = "iron" }, { team = "iron", admin = true }

-- A client asks for a model; a long answer is 6 cents of the small one, 6 dollars of the large.
local LONG = 100000
local function ask(t, key, model) return t:ask { key = key, model = model, max_tokens = LONG } end

-- Long answers, until somebody says no: how many there were, and what came then.
local function spend(t, key, model)
  t:model("openai/*", { tokens = LONG })
  for n = 0, 1000 do
    local reply = ask(t, key, model)
    if reply.model ~= model:match "/(.*)$" then return n, reply end
  end
  error "nobody ever says no"
end

test("each team has its models", policy, function(t)
  ask(t, gold, large):expect { model = "o1" }
  ask(t, gold, "anthropic/claude-sonnet-4-5"):expect { provider = "anthropic" }
  ask(t, iron, small):expect { path = "company ok, team-purse ok, gpt-4o-mini ok" }
  ask(t, iron, large):expect { status = 403, message = test.has(small) }
  ask(t, nil, large):expect { status = 403 }
end)

test("when a team's purse is empty, our own machine answers, and nobody pays", policy, function(t)
  local n, reply = spend(t, iron, small)
  reply:expect { path = "company ok, team-purse spent, llama-3.1-8b ok", cost = 0 }
  assert(n == 84, n) -- the last one is shorter
  ask(t, { team = "tin" }, small):expect { model = "gpt-4o-mini" }
  ask(t, admin, large):expect { model = "o1", path = "company ok, o1 ok" }
  t:advance "24h"
  ask(t, iron, small):expect { model = "gpt-4o-mini" }
end)

test("gold has a hundred times as much", policy, function(t)
  local n = spend(t, gold, large)
  assert(n == 84, n)
end)

test("while our own machine is down, asked cannot be paid and declines", policy, function(t)
  spend(t, iron, small)
  t:model("local/llama-3.1-8b", { fails = 500 })
  ask(t, iron, small):expect { status = 502,
    path = test.has "llama-3.1-8b server_error, gpt-4o-mini budget, llama-3.1-8b server_error" }
end)

test("the company's purse holds for all, admins too", policy, function(t)
  local _, no = spend(t, admin, large)
  no:expect { status = 429, error = "budget_exceeded", message = test.has "budget company" }
  ask(t, gold, large):expect { status = 429, message = test.has "budget company" }
  assert(t:cost() <= 2000 and t:cost() > 1995, t:cost())
end)
