-- perilune.filter -- p.filter: look at what streams out, and stop or change it.
--
--     p.filter { "openai/gpt-4o", with = f, hold = 64 }
--
-- f(text) gets the held tail and the new text, and returns nil (let it pass),
-- a text (say that instead) or p.cut(text) (say that and end). The last `hold`
-- bytes always wait, so that a match may begin in one piece and end in the next.

local callable = require "perilune.callable"
local core = require "perilune.core"
local moment = require "perilune.moment"
local options = require "perilune.options"
local rung = require "perilune.rung"
local show = require "perilune.show"

local filter = {}

local OPTIONS = { with = options.callable, hold = options.whole(0, 65536) }

local function inner_of(t)
  if t[1] == nil then
    core.raise "filter: the first item says whose replies; it is nil (is a field misspelt?)"
  end
  if t[2] ~= nil then
    core.raise "filter: one rung; put several in braces of their own: { { a, b }, with = f }"
  end
  return rung.to(t[1], "filter")
end

--- p.filter: a rung whose replies pass through a function while they are
-- relayed. A refusal passes untouched, and so does a job's receipt.
function filter.new(t)
  moment.load("filter", t)
  if type(t) ~= "table" then
    core.raise("filter: expected { rung, with = f }, not " .. show.value(t))
  end
  local read = options.read("filter", t, OPTIONS)
  local inner = inner_of(t)
  if not read.with then core.raise "filter: with = f is missing: what looks at the text?" end
  return callable.new("filter", function(req)
    local reply = inner(req)
    if not reply then return nil, req.fault end
    if reply.refused or reply.queued then return reply end
    return core.filtered(reply, read.with, read.hold or 64)
  end, true)
end

--- p.cut: returned by a filter's function: say `text`, then end the reply.
function filter.cut(text)
  if text ~= nil and type(text) ~= "string" then
    core.raise("cut: expected a text, not " .. show.value(text))
  end
  return core.cut(text or "")
end

return filter
