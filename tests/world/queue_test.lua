-- Work that can wait, in simulated worlds: t:job, reply.job.

local test = require "perilune.test"

local LADDER = [[
local p = require "perilune"
local model = p.model { "openai/gpt-4o", breaker = false }
return { model, p.queue("later", { windows = { "10s", "1min" } }), p.sorry "Try again later." }
]]

local ASYNC = { text = "hello", headers = { prefer = "respond-async" } }

test("a long outage is waited for, and paid for once", { policy = LADDER }, function(t)
  t:model("openai/gpt-4o", { fails = 503, lasts = "2h" })
  local reply = t:ask(ASYNC)
  reply:expect { status = 202, path = "gpt-4o overloaded, later queued",
    headers = { ["preference-applied"] = "respond-async" } }
  assert(reply.job)
  t:advance "1h"
  t:job(reply):expect { status = 202, body = test.has '"status":"queued"' }
  t:advance "62min"
  t:job(reply):expect { status = 200, text = "I am openai/gpt-4o." }
  local before = t:arrivals "openai/gpt-4o"
  t:advance "3h"
  t:expect { arrivals = { ["openai/gpt-4o"] = before } }
end)

test("who does not wait hears an apology", { policy = LADDER }, function(t)
  t:model("openai/gpt-4o", { fails = 503 })
  local reply = t:ask "hello"
  reply:expect { status = 200, text = "Try again later." }
  assert(reply.job == nil)
end)

test("an edit rules the jobs that wait", { policy = LADDER }, function(t)
  t:model("openai/gpt-4o", { fails = 503 })
  local reply = t:ask(ASYNC)
  assert(t:edit [[
    local p = require "perilune"
    local later = p.queue "later"
    return function(req)
      return req.job and p.say("job " .. req.job.tries) or later(req)
    end]])
  t:advance "1min"
  t:job(reply.job):expect { status = 200, text = "job 1" }
end)
