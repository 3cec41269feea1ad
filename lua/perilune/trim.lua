-- perilune.trim -- p.trim: a long conversation without its oldest turns.
--
--     p.trim { "openai/gpt-4o-mini", to = "32k tokens" }
--
-- The rung gets a request of at most `to` tokens, or as near as it comes: whole
-- turns leave, the oldest first. Instructions, what `pin` says, the last message
-- of the user and what came after it stay, and no tool call is parted from its
-- results. A rung that finds it too long all the same is asked once more, with
-- less.

local callable = require "perilune.callable"
local core = require "perilune.core"
local moment = require "perilune.moment"
local options = require "perilune.options"
local rung = require "perilune.rung"
local show = require "perilune.show"

local trim = {}

local THOUSANDS = { [""] = 1, k = 1e3, K = 1e3, M = 1e6 }

-- "32k tokens", "32k", 32000: a whole number of tokens.
local function tokens(v, name)
  local n = v
  if type(v) == "string" then
    local digits, factor = v:match "^%s*(%d+%.?%d*)%s*([kKM]?)%s*$"
    if not digits then digits, factor = v:match "^%s*(%d+%.?%d*)%s*([kKM]?)%s*tokens?%s*$" end
    n = digits and tonumber(digits) * THOUSANDS[factor]
  end
  if type(n) ~= "number" or not (n >= 100 and n <= 1e9) then
    options.wrong(v, name, 'a number of tokens of at least 100, such as "32k tokens"')
  end
  return n // 1 | 0
end

local function note(v, name)
  if type(v) ~= "string" or v == "" or not utf8.len(v) then
    options.wrong(v, name, "a text in UTF-8")
  end
  return v
end

local OPTIONS = { to = tokens, pin = options.callable, note = note, last = options.whole(1, 1000) }

local function inner_of(t)
  if t[1] == nil then
    core.raise "trim: the first item says which rung; it is nil (is a field misspelt?)"
  end
  if t[2] ~= nil then
    core.raise 'trim: one rung; put several in braces of their own: { { a, b }, to = "32k tokens" }'
  end
  return rung.to(t[1], "trim")
end

local function ask(inner, own, req)
  local asked = own.to and core.trim(req, own) or req
  local reply = inner(asked)
  if reply then return reply end
  local shorter = req.fault.kind == "context_too_long" and core.trim_harder(asked, own)
  if not shorter then return nil, req.fault end
  reply = inner(shorter)
  if reply then return reply end
  return nil, req.fault
end

--- p.trim: a rung that asks another one with less of the conversation.
function trim.new(t)
  moment.load("trim", t)
  if type(t) ~= "table" then
    core.raise('trim: expected { rung, to = "32k tokens" }, not ' .. show.value(t))
  end
  local own = options.read("trim", t, OPTIONS)
  local inner = inner_of(t)
  return callable.new("trim", function(req) return ask(inner, own, req) end,
    own.pin ~= nil or callable.authored(inner))
end

return trim
