-- cli: perilune store.

local check = require "check"

package.path = "lua/?.lua;" .. package.path

local run_store = require "cli.store"

local STAT = { layout = 1, file = 8192, used = 4096, map = 16777216, expiring = 3,
  tables = { { name = "answers", rows = 12, bytes = 4096 } } }

local function store_tool()
  local tool = { said = "", complained = "", store = "./perilune.data" }
  function tool.out(text) tool.said = tool.said .. text end
  function tool.err(text) tool.complained = tool.complained .. text end
  function tool.store_stat(path)
    if path == "none" then return nil, "the store none: not there" end
    tool.path = path
    return STAT
  end
  function tool.store_compact() return 8192, 4096 end
  function tool.store_export(path) tool.path = path return 2 end
  function tool.store_import(path, file) tool.path, tool.file = path, file return 2 end
  return tool
end

check.that("store stat says what is in it", function()
  local tool = store_tool()
  check.is(run_store({ "stat" }, tool), 0)
  check.is(tool.path, "./perilune.data")
  check.has(tool.said, "file      8.0 KiB, 4.0 KiB of it in use\n")
  check.has(tool.said, "table     answers                        12 rows  4.0 KiB\n")
end)

check.that("store takes its folder before and behind the action", function()
  for _, args in ipairs { { "stat", "--store", "a" }, { "--store=a", "stat" } } do
    local tool = store_tool()
    check.is(run_store(args, tool), 0)
    check.is(tool.path, "a")
  end
  local tool = store_tool()
  check.is(run_store({ "import", "f.jsonl", "--store", "b" }, tool), 0)
  check.is(tool.path .. " " .. tool.file, "b f.jsonl")
end)

check.that("store tells what went wrong and what it does not know", function()
  local tool = store_tool()
  check.is(run_store({ "stat", "--store", "none" }, tool), 1)
  check.is(tool.complained, "perilune store: the store none: not there\n")
  for _, args in ipairs { {}, { "stats" }, { "import" }, { "stat", "x" }, { "stat", "--wat" },
    { "stat", "--store" } } do
    tool = store_tool()
    check.is(run_store(args, tool), 2)
    check.has(tool.complained, "see perilune help store\n")
  end
end)
