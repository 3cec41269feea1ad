-- readme: the reference says what is, and every public function is documented.

local check = require "check"
local fake = require "fake_core"

local function text_of(path)
  local file = assert(io.open(path))
  local text = file:read "a"
  file:close()
  return text
end

local README = text_of "lua/README.md" .. text_of "lua/RUNGS.md"

local FILES = { "address", "asked", "balance", "branches", "breaker", "budget", "callable",
  "faq", "filter", "guard", "hedge", "ladder", "limit", "model", "moment", "most", "named",
  "nearest", "options", "presets", "providers", "race", "rescue", "rung", "secret", "show", "sim",
  "sticky", "trim", "units", "written" }

check.that("every example of the reference is a policy that loads", function()
  local examples = 0
  for policy in README:gmatch "```lua\n(.-)```" do
    fake.world().load(policy)
    examples = examples + 1
  end
  check.is(examples > 3, true)
end)

check.that("every word of p is in the reference", function()
  local _, why = pcall(function() return fake.world().require "perilune".nothing end)
  for word in why:match "there are: (.*)$":gmatch "%w+" do
    check.has(README, "`p." .. word)
  end
end)

check.that("every option is in the reference", function()
  for kind, first in pairs { model = '"openai/a"', provider = '"x"', asked = '"openai/*"' } do
    local call = kind == "provider" and 'p.provider("x", { zzz = 1 })'
      or ("local m = p.%s { %s, zzz = 1 }"):format(kind, first)
    local _, why = pcall(fake.world().load, 'local p = require "perilune"\n' .. call)
    for option in why:match "there are: (.-)%)":gmatch "[%w_]+" do
      check.has(README, "| `" .. option .. "`")
    end
  end
end)

check.that("every known provider is in the reference, with its variable", function()
  for name, preset in pairs(fake.world().require "perilune.presets".known) do
    check.has(README, "`" .. name .. "`")
    if preset.key then check.has(README, preset.key) end
  end
end)

check.that("every public function has a doc comment", function()
  for _, module in ipairs(FILES) do
    local before = ""
    for line in text_of("lua/perilune/" .. module .. ".lua"):gmatch "[^\n]*" do
      if line:find "^function [%w_]+%.[%w_]+" and not line:find "^function [A-Z]" then
        if not before:find "^%-%-" then error(module .. ": " .. line) end
      end
      before = line
    end
  end
end)

check.that("every file opens with its name and what it is", function()
  for _, module in ipairs(FILES) do
    check.has(text_of("lua/perilune/" .. module .. ".lua"):match "^[^\n]*",
      "-- perilune." .. module .. " -- ")
  end
end)
