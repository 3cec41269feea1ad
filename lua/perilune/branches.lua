-- perilune.branches -- several rungs asked side by side, until one has a reply.
--
-- What p.race and p.hedge share. Each rung runs in a branch of its own: what it
-- does (its req.fault, say) stays in there unless it wins. A model's reply wins
-- with its first token, or whole when it is no stream. A refusal wins only when
-- nobody is left who might answer.

local callable = require "perilune.callable"
local core = require "perilune.core"
local options = require "perilune.options"
local rung = require "perilune.rung"
local show = require "perilune.show"

local branches = {}

local MOST = 16 -- of a request, at a time

-- Closed however a run ends: who has not won is cancelled, upstream and all.
local LOSERS = setmetatable({}, { __close = core.prune })

-- Whoever is asked while another one may still answer is asked on top, but for a
-- race, where that is what its author wants.
local function begin(run)
  local extra = run.wait ~= nil and run.running > 0
  run.begun = run.begun + 1
  run.running = run.running + 1
  run.item[core.fork(run.rungs[run.begun], run.req, extra)] = run.begun
end

-- The reply of a branch that has ended, if it wins.
local function winner(run, branch, reply)
  run.running = run.running - 1
  run.ended[#run.ended + 1] = branch
  if not reply then return nil end
  if core.kind(reply) ~= "reply" then
    core.raise(("%s: item %d returned %s, not a reply")
      :format(run.kind, run.item[branch], show.value(reply)))
  end
  if reply.refused then
    run.refusal = run.refusal or reply
    return nil
  end
  core.keep(branch)
  return reply
end

-- Nobody won: what all of them did was done here, in the order of their ends.
local function decline(run)
  for _, branch in ipairs(run.ended) do core.keep(branch) end
  if run.refusal then return run.refusal end
  return nil, run.req.fault
end

-- One whom the retry budget did not let ask has not been asked: its turn comes
-- when somebody else has declined, and nobody is asked on top any more.
local function put_off(run, branch)
  core.keep(branch)
  run.running = run.running - 1
  run.begun = run.begun - 1
  run.spared = true
  if run.running == 0 and not run.refusal then begin(run) end
end

-- How long until the next one is asked; nil: not before somebody has declined.
local function patience(run)
  if run.begun < #run.rungs and not run.refusal and not run.spared then return run.wait end
end

--- Ask `rungs` for a reply: all at once or, with `wait`, each so many seconds
-- after the one before it, or as soon as one has declined.
function branches.run(kind, rungs, req, wait)
  local losers <close> = LOSERS -- luacheck: ignore
  local run = { kind = kind, rungs = rungs, req = req, wait = wait, begun = 0, running = 0,
    ended = {}, item = {} }
  repeat begin(run) until wait or run.begun == #rungs
  while run.running > 0 do
    local branch, reply, spared = core.join(patience(run))
    if spared then
      put_off(run, branch)
    else
      local won = branch and winner(run, branch, reply)
      if won then return won end
      if run.begun < #rungs and not run.refusal then begin(run) end
    end
  end
  return decline(run)
end

local function authored(rungs)
  for _, one in ipairs(rungs) do
    if callable.authored(one) then return true end
  end
  return false
end

--- What p.race and p.hedge are declared with: the rungs of the table, its
-- checked options, and whether one of the rungs runs code of the author's.
function branches.declared(kind, t, spec)
  if type(t) ~= "table" or callable.ready(t) then
    core.raise(("%s: expected a list such as { a, b }, not %s"):format(kind, show.value(t)))
  end
  local rungs = rung.items(t, kind)
  if #rungs < 2 or #rungs > MOST then
    core.raise(("%s: %d rung%s; it takes 2 to %d"):format(kind, #rungs, #rungs == 1 and "" or "s",
      MOST))
  end
  return rungs, options.read(kind, t, spec), authored(rungs)
end

return branches
