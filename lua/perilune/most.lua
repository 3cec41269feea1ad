-- perilune.most -- what a call may take where a budget pays for it.
--
--     p.model { "openai/gpt-4o", max_out = "2k tokens", most = { image = 2000, file = "refuse" } }
--
-- `max_out` bounds an answer. A text is bounded by its bytes; what is not is
-- charged at the most that is said here for one thing of its kind, or has a usual
-- most, which the core knows, or is refused.

local options = require "perilune.options"

local most = {}

local THOUSANDS = { [""] = 1, k = 1e3, K = 1e3, M = 1e6 }

-- "2k tokens", "2k", 2000; nil: neither.
local function count(v)
  if type(v) == "number" then return math.tointeger(v) end
  if type(v) ~= "string" then return nil end
  local digits, factor = v:gsub("%s*tokens?%s*$", ""):match "^%s*(%d+%.?%d*)%s*([kKM]?)$"
  return digits and math.tointeger(tonumber(digits) * THOUSANDS[factor])
end

local function tokens(low, high, expected)
  return function(v, name)
    local n = count(v)
    if n and n >= low and n <= high then return n end
    options.wrong(v, name, expected)
  end
end

--- Checker: the most tokens of an answer.
most.max_out = tokens(1, 1000000, 'a number of tokens from 1 to 1M, such as "2k tokens"')

local one = tokens(0, 1000000000, 'a number of tokens, such as 2000, or "refuse"')

local function of_kind(v, name)
  return v == "refuse" and v or one(v, name)
end

local KINDS = {}
for kind in ("image audio video file tool kept prediction other"):gmatch "%a+" do
  KINDS[kind] = of_kind
end

--- Checker: the most tokens of each kind of what bytes do not bound.
function most.of(v, name)
  if type(v) ~= "table" then
    options.wrong(v, name, 'a table such as { image = 2000, file = "refuse" }')
  end
  return options.read("most", v, KINDS)
end

return most
