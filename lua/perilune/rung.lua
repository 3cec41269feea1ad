-- perilune.rung -- whatever stands where a rung is expected, made one.
--
--     "openai/gpt-4o-mini"                   a model
--     { a, b, c }                            a ladder
--     { large, when = hard, accept = valid } that rung with options
--     function(req) ... end                  itself
--
-- Both at once, several items and names, is an error: it could mean either.

local callable = require "perilune.callable"
local core = require "perilune.core"
local ladder = require "perilune.ladder"
local model = require "perilune.model"
local options = require "perilune.options"
local show = require "perilune.show"

local rung = {}

local OPTIONS = { when = options.callable, accept = options.callable }

-- How many items a list was meant to have, and the names among its keys.
local function measure(t)
  local n, names = 0, {}
  for key in pairs(t) do
    if math.type(key) == "integer" and key > 0 then
      n = math.max(n, key)
    else
      names[key] = true
    end
  end
  return n, names
end

local function check_items(t, n, where)
  for i = 1, n do
    if t[i] == nil then
      core.raise(("%s: item %d of %d is nil (is a field misspelt?)"):format(where, i, n))
    end
  end
end

local function reject(req, name)
  local fault = core.fault("rejected", 502,
    ("the policy did not accept the reply of %s"):format(name))
  core.set_fault(req, fault)
  return nil, fault
end

-- The rung with its options: `when` decides before, `accept` afterwards. A
-- refusal is final, and a job's receipt is no answer yet, so nobody is asked to
-- accept them.
local function guarded(inner, when, accept)
  local name = callable.name(inner)
  return callable.new(name, function(req)
    if when and not when(req) then return nil, req.fault end
    local reply = inner(req)
    if not reply then return nil, req.fault end
    local final = reply.refused or reply.queued
    if accept and not final and not accept(reply, req) then return reject(req, name) end
    return reply
  end, true)
end

-- A model written as text takes a model's options beside the rung's: the
-- rung's options, and the rest.
local function split(t)
  local own, rest = {}, {}
  for key, v in pairs(t) do
    local side = OPTIONS[key] and own or rest
    side[key] = v
  end
  return own, rest
end

local function optioned(t, where)
  local own, inner = t, t[1]
  if type(inner) == "string" then
    own, inner = split(t)
    inner = model.new(inner)
  end
  local read = options.read("rung", own, OPTIONS)
  inner = rung.to(inner, where)
  if not read.when and not read.accept then return inner end
  return guarded(inner, read.when, read.accept)
end

local function both_at_once(where, n, names)
  core.raise(("%s: %d items and the option '%s' at once; put the items in braces of their own: "
    .. "{ { ... }, %s = ... }"):format(where, n, names, names))
end

--- The items of a list as rungs; names beside them are the caller's.
function rung.items(t, where)
  local n, rungs = measure(t), {}
  check_items(t, n, where)
  for i = 1, n do rungs[i] = rung.to(t[i], where) end
  return rungs
end

local function from_table(t, where)
  local n, names = measure(t)
  local name = show.names(names)[1]
  check_items(t, n, where)
  if n == 0 then
    core.raise(name and ("%s: '%s' has no rung; the first item says which"):format(where, name)
      or where .. ": the list is empty")
  end
  if name and n > 1 then both_at_once(where, n, name) end
  if name then return optioned(t, where) end
  return ladder.of(rung.items(t, where))
end

--- The rung that `v` stands for. `where` begins the messages: "ladder".
function rung.to(v, where)
  where = where or "ladder"
  if callable.ready(v) then return v end
  if type(v) == "string" then return model.new { v } end
  if type(v) == "table" then return from_table(v, where) end
  core.raise(("%s: %s is not a rung (a model, a list, a function or a written reply is)")
    :format(where, show.value(v)))
end

local RETURN = 'end it with "return function(req) ... end"'

--- What a policy file returned, as the thing to call with each request.
function rung.policy(v)
  if v == nil then core.raise("the policy file returned nothing; " .. RETURN) end
  if type(v) == "string" or type(v) == "table" or callable.ready(v) then
    return rung.to(v, "ladder")
  end
  core.raise(("the policy file returned %s; %s"):format(show.value(v), RETURN))
end

return rung
