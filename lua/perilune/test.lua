-- perilune.test -- what test files require: tests in a simulated world.
--
--     local test = require "perilune.test"
--     test("a 503 moves on to the next model", { policy = "ladder.lua" }, function(t)
--       t:model("openai/gpt-4o", { fails = 503 })
--       t:ask "hello":expect { status = 200, model = "gpt-4o-mini" }
--     end)
--
-- `perilune test` runs them; lua/TESTING.md is the reference. What `t` can do is
-- in lua/testing, a file for each idea.

local core = require "perilune.core"
local match = require "testing.match"
local options = require "perilune.options"
local suite = require "testing.suite"
local when = require "testing.calendar"

local test = {
  has = match.has,
  like = match.like,
  one_of = match.one_of,
  about = match.about,
}

local function keys(v, name)
  if type(v) ~= "table" then options.wrong(v, name, 'a list such as { "OPENAI_API_KEY" }') end
  for _, key in ipairs(v) do options.text(key, name) end
  return v
end

local OPTIONS = {
  policy = options.text,            -- a file beside the test, a built-in one, or the text itself
  seed = options.whole(0, math.maxinteger),
  at = when.seconds,                -- the calendar at the beginning: "2026-03-29 01:30"
  deadline = options.timeout,       -- of a request, over all its attempts
  keys = keys,                      -- the keys there are in the environment; all, if not said
}

local function declare(_, name, how, body)
  if type(how) == "function" then how, body = {}, how end
  if type(how) == "string" then how = { policy = how } end
  if type(name) ~= "string" or type(how) ~= "table" or type(body) ~= "function" then
    core.raise 'test: write test("what it promises", { policy = "file.lua" }, function(t) ... end)'
  end
  suite.add { name = name, options = options.read("test", how, OPTIONS), body = body,
    where = core.where() }
end

return setmetatable(test, { __call = declare })
