-- perilune.guard -- how a model or a rung is guarded: the options of a breaker.
--
--     p.model { "openai/gpt-4o", breaker = { failures = 3, open = "1min" }, concurrency = 8 }
--
-- Checkers for perilune.options; what is not said keeps its usual value, which
-- the core knows.

local options = require "perilune.options"

local guard = {}

local function share(v, name)
  if type(v) == "number" and v >= 0 and v <= 1 then return v end
  options.wrong(v, name, "a share from 0 to 1, such as 0.5")
end

--- When a breaker opens, and for how long.
guard.RULES = {
  failures = options.whole(0, 10000), rate = share, least = options.whole(1, 1000000),
  window = options.timeout, open = options.timeout,
}

local OF_A_MODEL = { slow = options.timeout }
for name, checker in pairs(guard.RULES) do OF_A_MODEL[name] = checker end

--- Checker: false (none), true (the usual one) or a table of its options.
function guard.breaker(v, name)
  if type(v) == "boolean" then return v end
  if type(v) ~= "table" then
    options.wrong(v, name, 'false or a table such as { failures = 3, open = "1min" }')
  end
  return options.read("breaker", v, OF_A_MODEL)
end

local at_a_time = options.whole(1, 100000)

--- Checker: calls at a time, or "adaptive".
function guard.concurrency(v, name)
  if v == "adaptive" then return v end
  if type(v) ~= "number" then
    options.wrong(v, name, 'a whole number of calls at a time, or "adaptive"')
  end
  return at_a_time(v, name)
end

return guard
