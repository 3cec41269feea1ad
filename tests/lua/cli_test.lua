-- cli: perilune help and perilune check.

local check = require "check"

package.path = "lua/?.lua;" .. package.path

local fake = require "fake_core"

local require_ours = fake.world().require
local help = require "cli.help"
local run_check = require_ours "cli.check"
local above = require_ours "testing.above"
local uncalled = require_ours "testing.uncalled"

-- A tool that remembers what was printed; `policies` are what check finds.
local function new_tool(policies)
  local tool = { said = "", complained = "" }
  function tool.out(text) tool.said = tool.said .. text end
  function tool.err(text) tool.complained = tool.complained .. text end
  function tool.check(path)
    local found = policies[path]
    if type(found) == "table" then return found end
    return nil, found or path .. ": No such file or directory"
  end
  return tool
end

local GOOD = { version = "1a2b3c4d", models = { "openai/a", "openai/b" }, files = {} }

check.that("every command has a page with every section", function()
  for _, topic in ipairs { "serve", "check", "test", "store", "keys", "prices", "version",
    "help" } do
    local tool = new_tool {}
    check.is(help({ topic }, tool), 0)
    for _, section in ipairs { "NAME", "SYNOPSIS", "DESCRIPTION", "OPTIONS", "ENVIRONMENT", "FILES",
      "EXIT STATUS", "EXAMPLES" } do
      check.has("\n" .. tool.said, "\n" .. section .. "\n")
    end
  end
end)

check.that("the pages fit a terminal of eighty columns", function()
  for _, page in pairs(require "cli.pages") do
    for line in page:gmatch "[^\n]+" do check.is(#line <= 80, true) end
  end
end)

check.that("serve's page names every option and its variable", function()
  local page = require "cli.pages".serve
  for _, name in ipairs { "listen", "workers", "policy", "store", "library", "log",
      "grace", "deadline",
    "max-body" } do
    check.has(page, "\n    --" .. name .. " ")
    check.has(page, "PERILUNE_" .. name:upper():gsub("-", "_"))
  end
end)

check.that("help without a command is an overview", function()
  local tool = new_tool {}
  check.is(help({}, tool), 0)
  check.has(tool.said, "perilune - an LLM gateway")
end)

check.that("an unknown command is a usage error", function()
  local tool = new_tool {}
  check.is(help({ "sevre" }, tool), 2)
  check.is(tool.complained,
    "perilune help: there is no command 'sevre' (there are: serve, check, test, store, keys, "
    .. "usage, prices, version, help)\n")
  check.is(help({ "serve", "check" }, tool), 2)
end)

check.that("a good policy is one line", function()
  local tool = new_tool { ["a.lua"] = GOOD }
  check.is(run_check({ "-q", "a.lua" }, tool), 0)
  check.is(tool.said, "ok  a.lua  version 1a2b3c4d  models: openai/a, openai/b\n")
end)

check.that("a policy without models says none", function()
  local tool = new_tool { ["a.lua"] = { version = "1", models = {}, files = {} } }
  run_check({ "-q", "a.lua" }, tool)
  check.is(tool.said, "ok  a.lua  version 1  models: none\n")
end)

check.that("one bad policy fails the check, and the others are still looked at", function()
  local tool = new_tool { ["a.lua"] = "a.lua:3: no", ["b.lua"] = GOOD }
  check.is(run_check({ "--quiet", "a.lua", "b.lua" }, tool), 1)
  check.is(tool.complained, "bad a.lua  a.lua:3: no\n")
  check.has(tool.said, "ok  b.lua")
end)

check.that("a command line that is not understood is 2", function()
  local tool = new_tool { ["-a"] = GOOD }
  check.is(run_check({}, tool), 2)
  check.is(run_check({ "--wat", "a.lua" }, tool), 2)
  check.has(tool.complained, "perilune check: unknown option '--wat'; see perilune help check\n")
  check.is(run_check({ "-q", "--", "-a" }, tool), 0)
  check.is(run_check({ "--help" }, tool), 0)
end)

check.that("a condition that is never called is found where it stands", function()
  local function found(text)
    local said = {}
    for _, one in ipairs(uncalled.find(text)) do said[#said + 1] = one.line .. " " .. one.name end
    return table.concat(said, ", ")
  end
  local hard = "local function hard(req) return true end\n"
  check.is(found(hard .. "return function(req) return hard and large(req) end"), "2 hard")
  check.is(found(hard .. "\n  if hard then return x(req) end"), "3 hard")
  check.is(found(hard .. "\n  if not hard then return x(req) end"), "3 hard")
  local hours = 'local night = p.hours "22:00-06:00"\n'
  check.is(found(hours .. "return x(req) or night and y(req)"), "2 night")
  check.is(found(hard .. "return function(req) return hard(req) and large(req) end"), "")
  check.is(found(hard .. "-- hard and slow\nreturn { large, when = hard }"), "")
  check.is(found(hard .. 'return p.sorry "if hard then"'), "")
  check.is(found(hard .. "if hard(req) then return end"), "")
end)

check.that("a gate in the place of a condition is found, and one that means it is not", function()
  local function found(text)
    local said = {}
    for _, one in ipairs(uncalled.gates(text)) do
      said[#said + 1] = one.line .. " " .. one.name .. " " .. one.behind
    end
    return table.concat(said, ", ")
  end
  local daily = 'local daily = p.budget("daily", "9 tokens/day")\n'
  local free = daily .. "local free = p.model { 'a/b', free = true }\n"
  check.is(found(daily .. "return function(req) return daily(req) and large(req) end"),
    "2 daily large")
  check.is(found(daily .. "return function(req)\n  return daily(req)\n    and large(req)\nend"),
    "3 daily large")
  check.is(found(daily .. "return large(req) or daily(req) and small(req)"), "")
  check.is(found(free .. "return daily(req) and free(req) or large(req)"), "")
  check.is(found(free .. "return daily(req) and free(req) end"), "3 daily free")
  check.is(found("local gold = p.allow { '*' }\nreturn gold(req) and large(req) end"),
    "2 gold large")
end)

check.that("a budget above free answers is found, wherever it stands in a list", function()
  local function found(text)
    local said = {}
    for _, one in ipairs(above.find(text)) do
      said[#said + 1] = one.line .. " " .. one.name .. " " .. one.free
    end
    return table.concat(said, ", ")
  end
  local locals = 'local daily = p.budget("daily", "9 tokens/day")\nlocal faq = p.faq "faq.json"\n'
    .. 'local large = p.model "a/b"\n'
  check.is(found(locals .. "return function(req)\n  return daily(req)\n    or faq(req)\n"
    .. "    or large(req)\nend"), "5 daily faq")
  check.is(found(locals .. "return { daily, faq, large }"), "4 daily faq")
  check.is(found(locals .. 'return { daily, faq, "c/d" }'), "4 daily faq")
  check.is(found(locals .. "local l = p.ladder { daily, large, faq, large }"), "4 daily faq")
  local f = locals .. "return function(req) return "
  check.is(found(f .. "faq(req) or daily(req) or large(req) end"), "")
  check.is(found(f .. "daily(req) or large(req) or faq(req) end"), "")
  check.is(found(locals .. "return { daily, large, faq } -- daily, faq, large"), "")
  check.is(found(locals:gsub('"9 tokens/day"', '{ "9 tokens/day", over = "decline" }')
    .. "return { daily, faq, large }"), "")
end)
