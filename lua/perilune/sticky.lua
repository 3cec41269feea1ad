-- perilune.sticky -- p.sticky: a conversation stays with whom it began.
--
--     p.sticky("agents", { "anthropic/claude-sonnet-4-5", "openai/gpt-4o",
--                          by = "session", keep = "1h" })
--
-- The items are asked in their order, and the one that answers is pinned: next
-- time it is asked first. The others are asked when it declines, and whoever
-- answers then is pinned in its place. But when the last message is the result
-- of a tool, nobody else is asked: a model that did not call the tool must not
-- read its result. Then what declines is a refusal, so that no `or` below can
-- switch either (LANGUAGE rule 17).
--
-- An item is known by what it is: "openai/gpt-4o", not by its place.

local callable = require "perilune.callable"
local core = require "perilune.core"
local ladder = require "perilune.ladder"
local moment = require "perilune.moment"
local named = require "perilune.named"
local options = require "perilune.options"
local rung = require "perilune.rung"
local show = require "perilune.show"

local sticky = {}

local KEEP = 3600

local function by_what(v, name)
  if type(v) == "function" or v == "session" or v == "user" then return v end
  options.wrong(v, name, '"session", "user" or a function')
end

local OPTIONS = { by = by_what, keep = options.timeout,
  loop = options.choice { "refuse", "switch" } }

local identity

local function of_items(t)
  local parts = {}
  for i, v in ipairs(t) do parts[i] = identity(v) end
  return "{ " .. table.concat(parts, ", ") .. " }"
end

-- A model is its name, whichever way it was written; a list its items.
function identity(v)
  if type(v) == "string" then return v end
  if core.kind(v) == "model" then return v.provider .. "/" .. v.name end
  if callable.is_rung(v) then return "rung " .. v.name end
  if type(v) == "table" and not callable.ready(v) then
    return #v == 1 and identity(v[1]) or of_items(v)
  end
  return type(v)
end

-- Each item's identity, with a number for what stands there before.
local function identities(t)
  local list, seen = {}, {}
  for i = 1, #t do
    local id = identity(t[i])
    seen[id] = (seen[id] or 0) + 1
    list[i] = seen[id] > 1 and ("%s #%d"):format(id, seen[id]) or id
  end
  return list
end

local KEY = {
  session = function(req) return req.session end,
  user = function(req) return req.user ~= "anonymous" and req.user or nil end,
}

local function key_of(own, req)
  local ask = KEY[own.by] or own.by
  local key = ask(req)
  if key == nil or key == false or key == "" then return nil end
  if type(key) ~= "string" then
    core.raise(('sticky: by of %s returned %s, not a text'):format(own.where, show.value(key)))
  end
  return own.prefix .. key
end

local function try(own, req, at, key)
  local item = own.items[at]
  if core.kind(item) == "model" and core.failed(req, item) then return nil end
  local reply = item(req)
  if ladder.reply(reply, at, "sticky") and not reply.refused then
    core.sticky_keep(own.pins, req, key, own.targets[at], reply)
  end
  return reply
end

local function ask(own, req)
  local key = key_of(own, req)
  local target, loop = core.sticky_find(own.pins, req, key)
  local pinned = target and own.place[target]
  if pinned then
    core.sticky_pinned(own.pins, req)
    local reply = try(own, req, pinned, key)
    if reply then return reply end
    local alone = loop and own.loop ~= "switch"
    if alone then return core.sticky_refuse(own.pins, req) end -- DEFENCE(loop_refuses)
  end
  for at = 1, #own.items do
    local reply = at ~= pinned and try(own, req, at, key)
    if reply then return reply end
  end
  return nil, req.fault
end

local function make(name, items, read, ids)
  local own = { items = items, targets = {}, place = {}, loop = read.loop,
    by = read.by or "session", where = core.where() }
  own.prefix = (type(own.by) == "string" and own.by or "function") .. " "
  own.pins = core.sticky(name, read.keep or KEEP)
  local authored = type(own.by) ~= "string"
  for i = 1, #items do
    own.targets[i] = core.sticky_target(ids[i])
    own.place[own.targets[i]] = i
    authored = authored or callable.authored(items[i])
  end
  return callable.new(name, function(req) return ask(own, req) end, authored)
end

local function check_name(name)
  if type(name) == "string" and name:find "^%w[%w._:-]*$" and #name <= 64 then return end
  core.raise(("sticky: the name comes first, such as p.sticky(\"agents\", { ... }); it is %s")
    :format(show.value(name)))
end

--- p.sticky: a rung that keeps a conversation on the item that answered it.
function sticky.new(name, t)
  moment.load("sticky", name)
  check_name(name)
  t = options.table_of("sticky", t, "a list of rungs")
  local read = options.read("sticky", t, OPTIONS)
  local items = rung.items(t, "sticky")
  if #items == 0 then core.raise "sticky: the list is empty" end
  local ids = identities(t)
  local said = show.options { table.concat(ids, ", "), by = t.by, keep = t.keep, loop = t.loop }
  return named.once("sticky", name, said, function() return make(name, items, read, ids) end)
end

return sticky
