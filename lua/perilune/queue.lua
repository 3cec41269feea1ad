-- perilune.queue -- p.queue: work that can wait is kept, and done later.
--
--     p.queue("later", { keep = "1d", at_once = 2 })
--
-- It stands at the end of a ladder. A client that asks for it (Prefer:
-- respond-async) is answered 202 with where to look; the job then runs the policy
-- of that time, with req.job set, until somebody answers. Others are declined.
-- Jobs are in the store: they outlive the process.

local callable = require "perilune.callable"
local core = require "perilune.core"
local moment = require "perilune.moment"
local named = require "perilune.named"
local options = require "perilune.options"
local show = require "perilune.show"
local units = require "perilune.units"

local queue = {}

local LONGEST = 30 * 86400

local function span(v, name)
  local seconds = options.timeout(v, name)
  if seconds > LONGEST then options.wrong(v, name, "at most 30 days") end
  return seconds
end

-- { "10s", "10min" }: between two tries, at first and at most; or one for all.
local function windows(v, name)
  local list = type(v) == "table" and v or { v }
  if #list < 1 or #list > 2 then
    options.wrong(v, name, 'a duration, or two: { "10s", "10min" }')
  end
  local first = span(list[1], name)
  local longest = span(list[2] or list[1], name)
  if first < 1 then options.wrong(list[1], name, "a second or more") end
  if longest < first then
    core.raise 'queue: windows = { "10s", "10min" }: the first one is the shortest'
  end
  return { first = first, longest = longest }
end

local function room(v, name)
  local bytes = units.bytes(v, name)
  if bytes < 65536 then options.wrong(v, name, 'a size of 64KiB or more, such as "64MiB"') end
  return bytes
end

local OPTIONS = {
  to = options.choice { "asking", "all" },
  windows = windows,
  expires = span,
  keep = span,
  most = options.whole(1, 100000),
  at_once = options.whole(1, 64),
  room = room,
}

local function make(name, t)
  local read = options.read("queue", t, OPTIONS)
  local window = read.windows or { first = 10, longest = 600 }
  local own = core.queue(name, read.to == "all", {
    first = window.first, longest = window.longest,
    expires = read.expires or 86400, keep = read.keep or 86400,
    most = read.most or 1000, at_once = read.at_once or 2,
    room = read.room or 64 << 20,
  })
  return callable.new(name, function(req)
    local reply = core.queue_put(own, req)
    if not reply then return nil, req.fault end
    return reply
  end)
end

--- p.queue: a rung of that name that keeps a request for later.
function queue.new(name, t)
  moment.load("queue", name)
  named.check("queue", name, 'p.queue("later", { ... })')
  if t == nil then t = {} end
  if type(t) ~= "table" or callable.ready(t) or #t > 0 then
    core.raise 'queue: options have names, such as { to = "all", keep = "1d" }'
  end
  return named.once("queue", name, show.options(t), function() return make(name, t) end)
end

return queue
