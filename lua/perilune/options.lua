-- perilune.options -- closed tables of options.
--
-- The first item says what, names say how. A constructor lists its options
-- with a checker each, and everything else is an error that lists them and
-- guesses what was meant:
--
--     local read = options.read("model", t, { as = options.text, tries = options.whole(1, 10) })
--
-- A checker gets the value, the name and the constructor's kind; it returns
-- the value to use, or raises at the policy's line.

local core = require "perilune.core"
local nearest = require "perilune.nearest"
local show = require "perilune.show"
local units = require "perilune.units"

local options = {}

-- What other gateways and SDKs call our options.
local ELSEWHERE = {
  timeout = "total", deadline = "total", request_timeout = "total", ttft = "first",
  first_token = "first", retries = "tries", max_retries = "tries", attempts = "tries",
  num_retries = "tries", name = "as", alias = "as", base_url = "url", api_base = "url",
  endpoint = "url", baseurl = "url", api_key = "key", apikey = "key", token = "key",
  connect_timeout = "connect", idle_timeout = "idle", max_concurrency = "concurrency",
  condition = "when", ["if"] = "when", validate = "accept", check = "accept",
  fn = "with", func = "with", filter = "with", buffer = "hold",
  marker = "note", keep_last = "last", turns = "last", pins = "pin", max_tokens = "to",
  ttl = "keep",
}

--- The known name somebody meant by `name`, or nil.
function options.meant(name, known, elsewhere)
  local words, target = show.names(known), {}
  for alias, real in pairs(elsewhere or ELSEWHERE) do
    if known[real] and not known[alias] then target[alias] = real end
  end
  for _, alias in ipairs(show.names(target)) do words[#words + 1] = alias end
  local word = nearest.word(name, words)
  return target[word] or word
end

local function unknown(kind, name, spec)
  local list = table.concat(show.names(spec), ", ")
  local there = list == "" and "there are none" or "there are: " .. list
  local text = ("%s: unknown option '%s' (%s)"):format(kind, show.name(name), there)
  local meant = options.meant(tostring(name), spec)
  core.raise(text .. (meant and ('; did you mean "%s"?'):format(meant) or ""))
end

local function is_item(key, t)
  return math.type(key) == "integer" and key >= 1 and key <= #t
end

--- Check the options of t: the checked values by name. Items are left to the
-- caller; `kind` begins the messages.
function options.read(kind, t, spec)
  local read = {}
  for name, v in pairs(t) do
    if not is_item(name, t) then
      if not spec[name] then unknown(kind, name, spec) end
      read[name] = spec[name](v, name, kind)
    end
  end
  return read
end

--- A text stands for a table of one; anything else is the author's mistake.
function options.table_of(kind, t, example)
  if type(t) == "string" then return { t } end
  if type(t) == "table" then return t end
  core.raise(("%s: expected %s, not %s"):format(kind, example, show.value(t)))
end

--- Raise because `v` is not what the option `name` takes.
function options.wrong(v, name, expected)
  core.raise(("%s is not %s"):format(show.said(name, v), expected))
end

--- Checker: any text.
function options.text(v, name)
  if type(v) ~= "string" then options.wrong(v, name, "a text") end
  return v
end

--- Checker: true or false.
function options.flag(v, name)
  if type(v) ~= "boolean" then options.wrong(v, name, "true or false") end
  return v
end

--- Checker: something that can be called.
function options.callable(v, name)
  local mt = type(v) == "table" and getmetatable(v)
  if type(v) == "function" or mt and mt.__call then return v end
  options.wrong(v, name, "a function")
end

--- Checker: a whole number from low to high.
function options.whole(low, high)
  return function(v, name)
    local n = math.type(v) == "integer" and v or type(v) == "number" and math.tointeger(v)
    if n and n >= low and n <= high then return n end
    options.wrong(v, name, ("a whole number from %d to %d"):format(low, high))
  end
end

--- Checker: a duration, as seconds.
function options.duration(v, name)
  return units.seconds(v, name)
end

--- Checker: a duration longer than nothing, as seconds.
function options.timeout(v, name)
  local seconds = units.seconds(v, name)
  if seconds <= 0 then options.wrong(v, name, "more than nothing") end
  return seconds
end

--- Checker: one of a list of words.
function options.choice(words)
  return function(v, name)
    for _, word in ipairs(words) do
      if v == word then return v end
    end
    options.wrong(v, name, "one of " .. table.concat(words, ", "))
  end
end

return options
