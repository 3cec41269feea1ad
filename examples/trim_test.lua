-- trim_test.lua: what trim.lua promises, proved in a simulated world.
local test = require "perilune.test"

local large, small = "openai/gpt-4.1", "groq/llama-3.1-8b-instant"
local policy = { policy = "trim.lua" }

-- So many turns of some two hundred tokens, the first of which is to be remembered.
local function conversation(turns)
  local messages = { { role = "system", content = "Be brief." } }
  for i = 1, turns do
    local what = i == 1 and "Remember:" or "This is"
    local text = ("%s turn %d %s"):format(what, i, ("word "):rep(200))
    messages[#messages + 1] = { role = "user", content = text }
    messages[#messages + 1] = { role = "assistant", content = "Yes." }
  end
  messages[#messages + 1] = { role = "user", content = "How do I reset my password?" }
  return { messages = messages }
end

test("while it fits, nothing is left out", policy, function(t)
  t:ask(conversation(50)):expect { model = "gpt-4.1", path = "gpt-4.1 ok" }
  assert(#t:last(large).body.messages == 102)
end)

test("the smaller window gets the end of it, and what is to be remembered", policy, function(t)
  t:model(large, { error = "context_length_exceeded" })
  t:ask(conversation(50)):expect { status = 200, model = "llama-3.1-8b-instant" }
  local sent = t:last(small).body.messages
  assert(#sent < 80)
  assert(sent[1].content == "Be brief." and sent[2].content:find "^Remember: turn 1 ")
  assert(sent[3].content == "[Earlier messages are left out.]")
  assert(sent[#sent].content == "How do I reset my password?")
end)

test("one that finds even that too long is asked once more, with less", policy, function(t)
  t:model(large, { fails = 500 })
  t:model(small, { error = "context_length_exceeded", times = 1 })
  t:ask(conversation(50)):expect { status = 200, attempts = 3 }
  t:expect { arrivals = { [small] = 2 } }
end)

test("with no model there is a written answer, or an apology", policy, function(t)
  t:model("openai/*", { refuses = true })
  t:model("groq/*", { hangs = true })
  t:ask(conversation(3)):expect { text = test.has "Forgotten password" }
  t:ask "How do I reset my router?":expect { text = test.has "busy" }
end)
