-- perilune.hedge -- p.hedge: who is slow gets company; the first reply wins.
--
--     p.hedge { "openai/gpt-4o-mini", "groq/llama-3.3-70b-versatile", after = "p95" }
--
-- The second is asked when the first has said nothing for `after`, or declines;
-- each further one as long after the one before it. "p95" is what 95 of 100
-- first tokens (of whole replies: whole replies) of the first model take lately.
-- What is asked on top is paid from its provider's retry budget, like a retry:
-- when everybody is slow, twice the load is no help.

local branches = require "perilune.branches"
local callable = require "perilune.callable"
local core = require "perilune.core"
local moment = require "perilune.moment"
local options = require "perilune.options"

local hedge = {}

local UNKNOWN = 2 -- seconds, while too little is known of the first model

-- "p95" is { share = 0.95 }, a duration its seconds.
local function after(v, name)
  local percent = type(v) == "string" and tonumber(v:match "^p(%d%d)$")
  if percent and percent >= 50 then return { share = percent / 100 } end
  if type(v) == "string" and v:find "^%a" then
    options.wrong(v, name, 'a percentile from "p50" to "p99" or a duration such as "800ms"')
  end
  return options.timeout(v, name)
end

local OPTIONS = { after = after }

-- A function from request to seconds.
local function wait_of(first, said)
  local model = core.kind(first) == "model"
  if type(said) == "number" or not said and not model then
    return function() return said or UNKNOWN end
  end
  if not model then
    core.raise(('hedge: a percentile is known of models, and the first item is %s; '
      .. 'write a duration: after = "2s"'):format(callable.name(first)))
  end
  local share = said and said.share or 0.95
  return function(req) return core.usual(first, share, req) or UNKNOWN end
end

--- p.hedge: a rung that asks its first item, and the next when that is slow or
-- declines; the first reply is its own, the others are cancelled.
function hedge.new(t)
  moment.load("hedge")
  local rungs, read, authored = branches.declared("hedge", t, OPTIONS)
  local wait = wait_of(rungs[1], read.after)
  return callable.new("hedge", function(req)
    return branches.run("hedge", rungs, req, wait(req))
  end, authored)
end

return hedge
