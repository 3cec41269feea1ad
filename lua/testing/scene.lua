-- testing.scene -- the `t` of a test: a gateway, its upstreams, its clients, and time.

local acts = require "testing.acts"
local core = require "perilune.core"
local counts = require "testing.counts"
local failure = require "testing.failure"
local many = require "testing.many"
local options = require "perilune.options"
local policies = require "testing.policies"
local reply = require "testing.reply"
local request = require "testing.request"
local story = require "testing.story"
local units = require "perilune.units"

local scene = {}

local Scene = {}
local DAY = 86400

-- --- time --------------------------------------------------------------------

-- Call what was asked for by t:later, up to an instant.
local function run_due(self, instant)
  while self.plans[1] and self.plans[1].at <= instant do
    table.remove(self.plans, 1).call()
  end
end

local function next_due(self, limit)
  local plan = self.plans[1]
  return plan and plan.at < limit and plan.at or limit
end

-- Let time pass until the guest is over, or to `limit`: why it stopped.
local function play(self, guest, limit)
  while true do
    local due = next_due(self, limit)
    local why = self.world:run(guest, due)
    if why == "stuck" then
      failure.say("so much happens at %.3f s that time stands still", self.world:now())
    end
    -- The world's clock has whole nanoseconds: it may stand a part of one before `due`.
    run_due(self, why == "done" and self.world:now() or due)
    if why == "done" or due == limit then return why end
  end
end

--- Let so much time pass.
function Scene.advance(self, span)
  play(self, nil, self.world:now() + units.seconds(span, "advance"))
end

--- Somebody sets the machine's clock: "1h" on, "-1h" back.
function Scene.turn_clock(self, span)
  local back = type(span) == "string" and span:match "^%-(.*)$"
  local by = units.seconds(back or span, "turn_clock")
  self.world:turn_clock(back and -by or by)
end

--- Call f after so much time, in the middle of whatever happens then.
function Scene.later(self, span, f)
  local at = self.world:now() + units.seconds(span, "later")
  if type(f) ~= "function" then core.raise 't:later: write t:later("2s", function() ... end)' end
  local i = #self.plans + 1
  while i > 1 and self.plans[i - 1].at > at do i = i - 1 end
  table.insert(self.plans, i, { at = at, call = f })
end

-- --- clients -----------------------------------------------------------------

local function guest(self, what, at)
  local sent, o = request.read(what, self.tool.quote)
  sent.at = at
  local r = reply.new(self, self.world:guest(sent))
  if o.leaves then
    self:later(at - self.world:now() + o.leaves, function()
      if not reply.is_over(r) then r:leave() end
    end)
  end
  return r
end

--- A client asks; what it gets is in the reply as time passes. It has reached the
-- gateway when this returns.
function Scene.send(self, what)
  local r = guest(self, what, self.world:now())
  play(self, nil, self.world:now())
  return r
end

--- Let time pass until a reply is over.
function Scene.wait(self, r)
  while not reply.is_over(r) do
    local why = play(self, r.own.guest, self.world:now() + DAY)
    if why ~= "done" and not reply.is_over(r) then
      failure.say "the request was still not answered after a day"
    end
  end
  return r
end

--- A client asks, and waits for the whole reply.
function Scene.ask(self, what)
  return self:wait(self:send(what))
end

--- n clients, each `every` after the one before, all in flight together; `what`
-- is what they ask, or a function that gets the number of each.
function Scene.ask_many(self, n, what)
  local ask = type(what) == "function" and what or function() return what end
  local first, list, at = self.world:now(), {}, 0
  options.whole(1, 1000000)(n, "ask_many")
  for i = 1, n do
    local one = ask(i)
    list[i] = guest(self, one, first + at)
    at = at + (type(one) == "table" and one.every and units.seconds(one.every, "every") or 0)
  end
  for _, r in ipairs(list) do self:wait(r) end
  return many.new(list)
end

--- A client asks what has become of a job: its id, or the reply that named it.
function Scene.job(self, id)
  local name = type(id) == "table" and id.job or id
  return self:ask { method = "GET", path = "/v1/jobs/" .. options.text(name, "job") }
end

--- The client leaves now.
function Scene.leave(_, r)
  return r:leave()
end

-- --- the gateway and its upstreams -------------------------------------------

--- From now on the model does this: see lua/testing/acts.lua.
function Scene.model(self, name, ...)
  self.world:play(acts.name(name), acts.read { ... })
end

--- Another policy, from here on; it must load.
function Scene.policy(self, policy)
  local ok, why = policies.load(self, policy)
  if not ok then failure.say("the policy does not load: %s", why) end
end

--- Somebody edits the policy while it runs: true; or nil and why it does not
-- load, and the one before goes on.
function Scene.edit(self, policy)
  return policies.load(self, policy)
end

counts.add(Scene)

--- The last request that was sent to a model: { body = {...}, headers = {...},
-- text = "the body as it was" }; nil if there was none.
function Scene.last(self, name)
  local body, head = self.world:last(acts.name(name))
  if not body then return nil end
  local headers = {}
  for field, value in head:gmatch "([^\n:]+): ([^\n]*)" do headers[field:lower()] = value end
  return { body = self.tool.decode(body), headers = headers, text = body }
end

--- The log, as the gateway wrote it: a list of tables, oldest first.
function Scene.log(self)
  return story.lines(self.world:log(), self.tool.decode)
end

-- --- looking -----------------------------------------------------------------

local EXPECT = {}

counts.expect(EXPECT)

function EXPECT.seconds(self, wanted, lines)
  failure.compare(lines, { seconds = wanted }, function() return self.world:now() end)
end

function EXPECT.log(self, wanted, lines)
  failure.compare(lines, { log = wanted }, function() return self.world:log() end)
end

--- Fail unless the world is so: arrivals = { ["openai/gpt-4o"] = 1 } or a number,
-- refused, limited, tokens, billed and unbilled alike, cost = "<= 0.01 usd", seconds = "< 10s",
-- log = test.has "text".
function Scene.expect(self, wanted)
  failure.check_wanted(wanted)
  local lines = {}
  for name, v in pairs(wanted) do
    if not EXPECT[name] then
      core.raise(("t:expect: unknown '%s' (there are: %s)"):format(name,
        "arrivals, billed, cost, limited, log, refused, seconds, tokens, unbilled"))
    end
    EXPECT[name](self, v, lines)
  end
  if #lines > 0 then
    self:explain(lines)
    failure.raise(lines)
  end
end

--- Add to the lines of a failure what helps to see why.
function Scene.explain(self, lines, r)
  story.tell(self, lines, r)
end

local FIELDS = {
  now = function(self) return self.world:now() end,
}

function Scene.__index(self, name)
  if FIELDS[name] then return FIELDS[name](self) end
  if not Scene[name] then core.raise(("there is no t.%s"):format(name)) end
  return Scene[name]
end

--- The scene of a test in a world.
function scene.new(tool, world, test, seed)
  return setmetatable({ tool = tool, world = world, test = test, seed = seed, plans = {} }, Scene)
end

return scene
