-- fake_branches -- the branches of the fake core, in a time of their own.
--
-- core.later(seconds, v) makes a rung that takes some of it (world.time); nobody
-- else is busy meanwhile. What is asked on top is spared while world.budget is
-- false. What happened is in world.forked, by number: was it asked on top?, and
-- world.waits: how long each join waited, false being for ever.

--- Add fork, join, keep, prune and usual to a core.
local function add(core, world)
  local all, last = {}, 0 -- by the coroutine that forked them
  world.time, world.forked, world.waits = 0, {}, {}

  local function mine()
    local branches = all[coroutine.running()] or {}
    all[coroutine.running()] = branches
    return branches
  end

  function core.fork(rung, req, extra)
    local branches = mine()
    last = last + 1
    branches[#branches + 1] = { number = last, due = world.time, extra = extra,
      run = coroutine.create(function() return (rung(req)) end) }
    world.forked[last] = extra or false
    return last
  end

  local function soonest()
    local first
    for _, branch in ipairs(mine()) do
      if not branch.over and (not first or branch.due < first.due) then first = branch end
    end
    return first
  end

  function core.join(seconds)
    world.waits[#world.waits + 1] = seconds or false
    local until_when = world.time + (seconds or math.huge)
    while true do
      local branch = soonest()
      if not branch then return end
      if branch.due > until_when then
        world.time = until_when
        return
      end
      world.time = branch.due
      if branch.extra and world.budget == false then
        branch.over = true
        return branch.number, nil, true
      end
      local ok, v = coroutine.resume(branch.run)
      if not ok then error(v, 0) end
      if coroutine.status(branch.run) == "dead" then
        branch.over = true
        return branch.number, v, false
      end
      branch.due = world.time + v
    end
  end

  function core.later(seconds, v)
    return function()
      coroutine.yield(seconds)
      return v
    end
  end
  function core.keep(number) world.kept = number end
  function core.prune()
    world.pruned = 0
    for _, branch in ipairs(mine()) do
      if not branch.over then world.pruned = world.pruned + 1 end
    end
    all[coroutine.running()] = nil
  end
  function core.usual(model, share) return world.usual and world.usual(model.name, share) end
end

return add
