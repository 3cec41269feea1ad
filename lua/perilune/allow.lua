-- perilune.allow -- p.allow: which team may ask for which models.
--
--     p.allow { gold = { "openai/*", "anthropic/*" }, ["*"] = { "openai/gpt-4o-mini" } }
--
-- A gate: it refuses, or says nothing and the policy goes on. What it judges is
-- the model that the request names. A bare name is the model declared under it,
-- as for p.asked; one that nobody declared is in no list. "*" is for whoever has
-- no team, or one that is not named. What the client's own key allows is held to
-- here, too, and once more when a model is asked.

local core = require "perilune.core"
local callable = require "perilune.callable"
local model = require "perilune.model"
local moment = require "perilune.moment"
local show = require "perilune.show"
local written = require "perilune.written"

local allow = {}

local function check_pattern(team, v)
  if type(v) ~= "string" then
    core.raise(('allow: the models of %s are a list of texts such as "openai/*", not %s')
      :format(team, show.value(v)))
  end
  local _, stars = v:gsub("%*", "")
  if stars > 1 then core.raise(("allow: %s has more than one *"):format(show.value(v))) end
  if not v:find "/" and v ~= "*" then
    core.raise(('allow: %s names no provider; write it like "openai/*"'):format(show.value(v)))
  end
end

-- The lists of patterns by team, copied: the author's table may change.
local function read(t)
  local teams = {}
  for team, list in pairs(t) do
    if type(team) ~= "string" then
      core.raise('allow: each team has a name: { gold = { "openai/*" }, ["*"] = { ... } }')
    end
    if type(list) == "string" then list = { list } end
    if type(list) ~= "table" then check_pattern(team, list) end
    teams[team] = {}
    for i = 1, #list do
      check_pattern(team, list[i])
      teams[team][i] = list[i]
    end
  end
  return teams
end

local function fits(pattern, full)
  local before, star, after = pattern:match "^([^*]*)(%*?)(.*)$"
  if star == "" then return full == pattern end
  return #full >= #before + #after and full:sub(1, #before) == before
    and (after == "" or full:sub(-#after) == after)
end

local function any(patterns, full)
  for _, pattern in ipairs(patterns) do
    if fits(pattern, full) then return true end
  end
  return false
end

-- "provider/model" of the model that the request names, or its name as it is.
local function full_name(name)
  local found = model.find(name)
  return found and found.full or name
end

-- The refusal says what there is instead.
local function refuse(name, offer, key)
  return written.coded(403, "model_not_allowed",
    ('The model "%s" is not allowed here%s; a request may name: %s')
      :format(name:sub(1, 80):gsub("[%c\x80-\xFF]", "?"), key and " with this key" or "",
        offer[1] and table.concat(offer, ", ") or "none"))
end

local function answer(teams, req)
  local name, key = req.model, req.key
  if type(name) ~= "string" or name == "" then
    return written.coded(400, "missing_model", "The request names no model.")(req)
  end
  local full = full_name(name)
  local patterns = teams[req.team or "*"] or teams["*"] or {}
  local listed = any(patterns, full)
  if listed and (not key or not key.models or any(key.models, full)) then return nil end
  return refuse(name, listed and key.models or patterns, key)(req)
end

--- p.allow: a gate that refuses, with 403, models that are not in the list of
-- the client's team.
function allow.new(t)
  moment.load("allow", t)
  if type(t) ~= "table" or next(t) == nil then
    core.raise(('allow: expected models by team, such as { gold = { "openai/*" } }, not %s')
      :format(show.value(t)))
  end
  local teams = read(t)
  return callable.new("allow", function(req) return answer(teams, req) end)
end

return allow
