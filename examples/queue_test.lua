-- queue_test.lua: what queue.lua promises, proved in a simulated world.
local test = require "perilune.test"

local policy = { policy = "queue.lua" }
local gpt = "openai/gpt-4o"
local patient = { text = "hello", headers = { prefer = "respond-async" } }

test("who can wait is answered when the model is back, once", policy, function(t)
  t:model(gpt, { fails = 503, lasts = "1h" })
  local reply = t:ask(patient)
  reply:expect { status = 202, path = "many ok, gpt-4o overloaded, later queued" }
  t:job(reply):expect { status = 202, body = test.has '"status":"queued"' }
  t:advance "75min"
  t:job(reply):expect { status = 200, text = "I am openai/gpt-4o." }
  local asked = t:arrivals(gpt)
  t:advance "3h"
  t:expect { arrivals = { [gpt] = asked } }
end)

test("who cannot hears an apology", policy, function(t)
  t:model(gpt, { fails = 503 })
  t:ask "hello":expect { status = 200, text = test.has "busy",
    path = "many ok, gpt-4o overloaded, sorry" }
end)

test("while the model is well nobody waits", policy, function(t)
  t:ask(patient):expect { status = 200, model = "gpt-4o" }
end)

test("an answer that nobody fetches is kept for a day", policy, function(t)
  t:model(gpt, { fails = 503, lasts = "1min" })
  local reply = t:ask(patient)
  t:advance "23h"
  t:job(reply):expect { status = 200 }
  t:advance "3h"
  t:job(reply):expect { status = 404 }
end)
