-- perilune -- what a policy gets from `local p = require "perilune"`.
--
-- A policy is a file that returns a function from request to reply. It is read
-- once (load: things are declared) and then called for every request (things
-- are asked). Each word of p lives in a small file of lua/perilune.

local core = require "perilune.core"
local filter = require "perilune.filter"
local model = require "perilune.model"
local moment = require "perilune.moment"
local nearest = require "perilune.nearest"
local providers = require "perilune.providers"
local rung = require "perilune.rung"
local secret = require "perilune.secret"
local show = require "perilune.show"
local tokens = require "perilune.tokens"
local units = require "perilune.units"
local written = require "perilune.written"

local p = {
  model = model.new,
  provider = providers.declare,
  has = providers.has,
  filter = filter.new,
  cut = filter.cut,
  say = written.say,
  sorry = written.sorry,
  refuse = written.refuse,
  secret = secret.new,
  tokens = tokens.count,
  now = core.now,
}

-- Words that few policies use: read when one does, since a reload pays for each
-- file. All declare, so that is while the policy is loaded.
local RARE = { "allow", "asked", "balance", "breaker", "budget", "faq", "hedge", "idempotent",
  "limit", "prices", "queue", "race", "rescue", "sticky", "trim", "webhook" }
for _, word in ipairs(RARE) do
  p[word] = function(...)
    moment.load(word, ...)
    p[word] = require("perilune." .. word).new
    return p[word](...)
  end
end

local function expect_text(kind, v)
  if type(v) ~= "string" then
    core.raise(("%s: expected a text, not %s"):format(kind, show.value(v)))
  end
end

--- p.ladder: a list as a rung with a name: asked from the first to the last.
function p.ladder(t)
  moment.load("ladder")
  return rung.to(t, "ladder")
end

--- p.sleep: wait; the worker serves others meanwhile. In a request only.
function p.sleep(duration)
  moment.request("sleep")
  return core.sleep(units.seconds(duration))
end

--- p.log: a line for the log, with fields of your own: p.log("slow", { n = 3 }).
function p.log(text, fields)
  expect_text("log", text)
  if fields ~= nil and type(fields) ~= "table" then
    core.raise("log: the fields are a table, not " .. show.value(fields))
  end
  return core.log(text, fields)
end

--- p.file: the text of a file beside the policy. A change to it is a change of
-- the policy.
function p.file(path)
  moment.load("file", path)
  expect_text("file", path)
  local text, why = core.read(path)
  if not text then core.raise(('file: cannot read "%s": %s'):format(path, why)) end
  return text
end

-- A table that can be read and not changed; an unknown name is a mistake.
local function closed(name, t)
  local function unknown(_, key)
    local names = show.names(t)
    local meant = nearest.word(tostring(key), names)
    local guess = meant and (" (did you mean %s.%s?)"):format(name, meant) or ""
    core.raise(("there is no %s.%s%s; there are: %s")
      :format(name, show.name(key), guess, table.concat(names, ", ")))
  end
  local function refuse(_, key)
    core.raise(("%s.%s: %s is not changed by a policy; keep it in a local")
      :format(name, show.name(key), name))
  end
  return setmetatable({}, { __metatable = false, __newindex = refuse,
    __index = function(_, key)
      local v = t[key]
      if v == nil then unknown(_, key) end
      return v
    end })
end

p.units = closed("p.units", units)
p.json = closed("p.json", { encode = core.json_encode, decode = core.json_decode,
  null = core.null, array = core.array })

return closed("p", p)
