-- testing.reply -- what a client got: fields, and reply:expect { ... }.

local core = require "perilune.core"
local failure = require "testing.failure"
local match = require "testing.match"
local nearest = require "perilune.nearest"
local show = require "perilune.show"

local reply = {}

local Reply = {}

-- The fields that are worked out of what the world says.
local DERIVED = {}

function DERIVED.path(o) return o.path or o.headers["x-perilune-path"] end
function DERIVED.error(o) return o.error and (o.error.code or o.error.type) end
function DERIVED.message(o) return o.error and o.error.message end
function DERIVED.cut(o) return o.outcome == "broken" end

-- The job that it was given to.
function DERIVED.job(o)
  return (o.headers.location or ""):match "^/v1/jobs/(job_%x+)$"
end

-- From the moment the client asked.
function DERIVED.seconds(o) return o.ended and o.ended - o.came end

-- To the first piece of text, or of anything when there is none.
function DERIVED.first_seconds(o)
  local first = o.pieces and o.pieces[1]
  local at = first and first.at or o.first
  return at and at - o.came
end

local FIELDS = {
  status = true, text = true, headers = true, body = true, stream = true, done = true,
  left = true, outcome = true, attempts = true, provider = true, model = true, fault = true,
  fault_message = true, finish = true, pieces = true, request_id = true, user = true,
  policy_version = true, cost = true, calls_unpriced = true,
}
for name in pairs(DERIVED) do FIELDS[name] = true end

local function unknown(what, name)
  local words = show.names(FIELDS)
  local meant = nearest.word(tostring(name), words)
  core.raise(("%s: a reply has no '%s' (there are: %s)%s"):format(what, tostring(name),
    table.concat(words, ", "), meant and ('; did you mean "%s"?'):format(meant) or ""))
end

-- What the world says of it; once it is over, for good.
local function outcome(self)
  local own = rawget(self, "own")
  if own.over then return own.over end
  local o = own.scene.world:outcome(own.guest)
  if o.done then own.over = o end
  return o
end

local function field(self, name)
  local o = outcome(self)
  if DERIVED[name] then return DERIVED[name](o) end
  return o[name]
end

local methods = {}

--- Fail unless every named field fits.
function methods.expect(self, wanted)
  failure.check_wanted(wanted)
  wanted = match.priced(wanted)
  local lines = {}
  for name in pairs(wanted) do
    if not FIELDS[name] then unknown("expect", name) end
  end
  failure.compare(lines, wanted, function(name) return field(self, name) end)
  if #lines > 0 then
    self.own.scene:explain(lines, self)
    failure.raise(lines)
  end
  return self
end

--- Let time pass until it is over.
function methods.wait(self)
  self.own.scene:wait(self)
  return self
end

--- The client leaves now.
function methods.leave(self)
  local own = self.own
  if not own.over then own.scene.world:leave(own.guest) end
  return self
end

--- The body, decoded; nil and what is wrong with it.
function methods.json(self)
  return self.own.scene.tool.decode(self.body)
end

function Reply.__index(self, name)
  if methods[name] then return methods[name] end
  if not FIELDS[name] then unknown("reply", name) end
  return field(self, name)
end

function Reply.__tostring(self)
  return ("%s %s"):format(self.status or "no reply", self.path or "")
end

--- The reply to a guest.
function reply.new(scene, guest)
  return setmetatable({ own = { scene = scene, guest = guest } }, Reply)
end

--- Has it ended?
function reply.is_over(r)
  local own = r.own
  return own.over ~= nil or own.scene.world:is_done(own.guest)
end

return reply
