-- schedules_test.lua -- whatever the models do, whoever leaves: every request ends in one
-- reply or one clear error, nobody was asked more often than the path says, and no call is
-- charged twice: what the requests cost is what the models charge, and so is what was spent of
-- each budget, which is never more than there was.
--
-- A seed is a schedule: a policy, its budgets, what each of its models does and when, and the
-- clients that ask meanwhile. `perilune test --seeds 10000 tests/world` runs so many; the seed
-- of one that fails replays it to the byte.
local purses = require "purses"
local test = require "perilune.test"

local MODELS = { "openai/gpt-4o", "anthropic/claude-sonnet-4-5", "groq/llama-3.3-70b",
  "openai/gpt-4o-mini" }

local function chance(share) return math.random() < share end
local function one_of(list) return list[math.random(#list)] end
local function seconds(low, high) return ("%dms"):format(math.random(low * 1000, high * 1000)) end

-- What may go wrong with a model. Each is drawn anew.
local TROUBLE = {
  function()
    return { fails = one_of { 400, 401, 403, 404, 408, 409, 429, 500, 502, 503, 504, 529 } }
  end,
  function() return { fails = 429, retry_after = one_of { "0s", "1s", "3s", "1h" } } end,
  function()
    return { error = one_of { "context_length_exceeded", "content_filter", "invalid_api_key",
      "model_not_found", "rate_limit_exceeded", "insufficient_quota", "server_error",
      "overloaded_error" } }
  end,
  function() return { refuses = true } end,
  function() return { hangs = true } end,
  function() return { garbage = true } end,
  function() return { cuts_after = math.random(0, 12) } end,
  function() return { error_after = math.random(0, 12) } end,
  function() return { closes_early = true } end,
  function() return { drips = seconds(0.01, 2) } end,
  function() return { limits = ("%d requests/min"):format(math.random(1, 20)) } end,
  function() return { latency = { "10ms", seconds(1, 70) } } end,
  function() return { rate = math.random() * 5 + 0.1, tokens = math.random(1, 60) } end,
}

-- When it goes wrong: for so many requests, for a while, or for good.
local function troubled()
  local act = one_of(TROUBLE)()
  if chance(0.4) then act.times = math.random(1, 4) end
  if chance(0.4) then
    act.from = seconds(0, 20)
    act.lasts = seconds(1, 60)
  end
  return act
end

local function wording(model)
  local words = { ("%q"):format(model) }
  if chance(0.4) then words[#words + 1] = "tries = " .. math.random(1, 4) end
  if chance(0.3) then words[#words + 1] = ('first = "%s"'):format(seconds(0.2, 12)) end
  if chance(0.3) then words[#words + 1] = ('total = "%s"'):format(seconds(0.2, 40)) end
  if chance(0.2) then words[#words + 1] = ('idle = "%s"'):format(seconds(0.2, 10)) end
  if chance(0.2) then
    words[#words + 1] = 'on = { content_filtered = "decline", bad_request = "decline" }'
  end
  return "p.model { " .. table.concat(words, ", ") .. " }"
end

-- How several rungs are put together.
local WAYS = {
  function(rungs) return "{ " .. table.concat(rungs, ", ") .. " }" end,
  function(rungs) return "p.race { " .. table.concat(rungs, ", ") .. " }" end,
  function(rungs)
    return ('p.hedge { %s, after = "%s" }'):format(table.concat(rungs, ", "), seconds(0.05, 3))
  end,
  function(rungs, only_models)
    local by = one_of(only_models and { "round_robin", "least_busy", "latency", "headroom",
      "priority", "cost" } or { "round_robin", "priority" })
    return ("p.balance { %s, by = %q }"):format(table.concat(rungs, ", "), by)
  end,
}

local function rungs_of(depth)
  local rungs, only_models = {}, true
  for i = 1, math.random(2, 3) do
    local nested = depth > 0 and chance(0.3)
    only_models = only_models and not nested
    rungs[i] = nested and rungs_of(depth - 1) or wording(one_of(MODELS))
  end
  return one_of(WAYS)(rungs, only_models)
end

local PRELUDE = [[
    local p = require "perilune"
    p.prices { ["openai/gpt-4o"] = { input = 7, output = 1000 },
      ["anthropic/claude-sonnet-4-5"] = { input = 11, output = 2000 },
      ["groq/llama-3.3-70b"] = { input = 13, output = 3000 },
      ["openai/gpt-4o-mini"] = { input = 17, output = 4000 } }
]]

local function policy(prelude, budgets)
  local last = chance(0.5) and 'or p.sorry "later"(req)' or ""
  local before, gates = purses.asked(budgets)
  return prelude .. ([[
    local rung = p.ladder { %s }
    return function(req) %s return %s rung(req) %s end]]):format(rungs_of(1), before, gates, last)
end

local function client(budgets)
  return { text = "hello", stream = chance(0.5), leaves = chance(0.1) and seconds(0.01, 20) or nil,
    user = purses.user(), key = purses.key(budgets),
    max_tokens = chance(0.3) and math.random(1, 100) or nil }
end

local FIRST = { policy = "return 'openai/gpt-4o'" }

test("every request ends once, in a reply or a clear error", FIRST, function(t)
  local budgets = purses.draw()
  local prelude = PRELUDE .. purses.declared(budgets)
  t:policy(policy(prelude, budgets))
  for _, model in ipairs(MODELS) do
    if chance(0.7) then t:model(model, troubled(), chance(0.3) and troubled() or nil) end
  end

  local all = t:ask_many(math.random(1, 8), function() return client(budgets) end)
  t:advance "1h"

  local attempts = 0
  for _, reply in ipairs(all) do
    assert(reply.done or reply.left, "a request hangs")
    if not reply.left then
      assert(reply.status == 200 or reply.error, "neither a reply nor an error")
      assert(reply.attempts <= 32, "more attempts than the cap")
    end
    attempts = attempts + reply.attempts
  end
  t:expect { arrivals = function(n) return n + t:refused() == attempts end }

  -- Of what a model never told, the gateway may know more than it did.
  local billed, more = t:billed(), t:unbilled() > 0
  t:expect { cost = function(sum)
    return math.abs(sum - billed) < 5e-10 or more and sum > billed
  end }
  purses.check(t, budgets, prelude)
end)
