-- perilune.asked -- p.asked: the model the client named, if it may.
--
--     p.asked { "openai/*", "anthropic/claude-*", large, first = "10s" }
--
-- A name "provider/model" must fit one of the patterns. A bare name is one of
-- the models declared with p.model, by its alias or its own name, as long as
-- it stands in the list or fits a pattern: the list is all a client can reach.
-- Everything else is refused with 404, before any money is spent.

local callable = require "perilune.callable"
local core = require "perilune.core"
local model = require "perilune.model"
local moment = require "perilune.moment"
local options = require "perilune.options"
local show = require "perilune.show"
local written = require "perilune.written"

local asked = {}

-- One star: what stands before it, and after it.
local function pattern_of(text, spec)
  local before, star, after = text:match "^([^*]*)(%*?)(.*)$"
  if after:find("*", 1, true) then
    core.raise(("asked: %s has more than one *"):format(show.value(text)))
  end
  if not before:find "/" then
    core.raise(('asked: %s names no provider; write it like "openai/*"')
      :format(show.value(text)))
  end
  local provider, name = model.split("asked", text)
  local own = { model = name }
  for option, v in pairs(spec) do own[option] = v end
  return { text = text, before = before, after = after, whole = star == "",
    model = core.model(provider, own) }
end

local function fits(pattern, full)
  if pattern.whole then return full == pattern.text end
  local before, after = pattern.before, pattern.after
  return #full > #before + #after and full:sub(1, #before) == before
    and (after == "" or full:sub(-#after) == after)
end

local function fitting(patterns, full)
  for _, pattern in ipairs(patterns) do
    if fits(pattern, full) then return pattern end
  end
end

-- Add a declared model under every name a client may use for it.
local function list_model(listed, v)
  for _, name in ipairs { v.as or v.name, v.name, v.provider .. "/" .. v.name } do
    listed[name] = listed[name] or v
  end
  return v.as or v.name
end

local function item_kind(t, at)
  local v = t[at]
  if type(v) == "string" then return "pattern" end
  if core.kind(v) == "model" then return "model" end
  core.raise(('asked: item %d of %d is %s; write patterns such as "openai/*", or models')
    :format(at, #t, show.value(v)))
end

-- { patterns =, listed =, offer = what the 404 says there is }
local function read_items(t, spec)
  local own = { patterns = {}, listed = {} }
  local offer = {}
  for at = 1, #t do
    if item_kind(t, at) == "pattern" then
      own.patterns[#own.patterns + 1] = pattern_of(t[at], spec)
      offer[at] = t[at]
    else
      offer[at] = list_model(own.listed, t[at])
    end
  end
  own.offer = table.concat(offer, ", ")
  return own
end

-- A declared model by its bare name, if a pattern lets the client have it.
local function bare(own, name)
  local found = model.find(name)
  if found and fitting(own.patterns, found.full) then return found.model end
  for _, pattern in ipairs(own.patterns) do
    if pattern.whole and pattern.model.name == name then return pattern.model end
  end
end

local function answer(own, req)
  local name = req.model
  if type(name) ~= "string" or name == "" then
    return written.coded(400, "missing_model",
      "The request names no model; it may name: " .. own.offer)(req)
  end
  local one = own.listed[name] or bare(own, name)
  if one then return one(req) end
  local pattern = fitting(own.patterns, name)
  if pattern then return pattern.model:ask(req, name:match "/(.*)$") end
  return written.coded(404, "model_not_found",
    ('There is no model "%s" here; a request may name: %s')
      :format(name:sub(1, 80):gsub("[%c\x80-\xFF]", "?"), own.offer))(req)
end

--- p.asked: a rung that asks the model the client named. Items are patterns
-- with at most one *, and models; the options are those of p.model without `as`.
function asked.new(t)
  moment.load("asked", t)
  t = options.table_of("asked", t, 'patterns such as "openai/*"')
  local spec = options.read("asked", t, model.PATIENCE)
  if #t == 0 then core.raise 'asked: which models? Begin with patterns such as "openai/*"' end
  local own = read_items(t, spec)
  return callable.new("asked", function(req) return answer(own, req) end)
end

return asked
