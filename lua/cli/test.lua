-- cli.test -- perilune test [FILE | FOLDER]...: policies in a simulated world.

local files = require "testing.files"
local help = require "cli.help"
local report = require "testing.report"
local run = require "testing.run"

local function usage(tool, why)
  tool.err("perilune test: " .. why .. "; see perilune help test\n")
  return 2
end

local function whole(text)
  local n = tostring(text):find "^%d+$" and math.tointeger(tonumber(text))
  return n and n >= 0 and n or nil
end

-- What follows an option, written "--seed 7" or "--seed=7"; nil if nothing does.
local VALUES = { ["--seed"] = "seed", ["--seeds"] = "seeds", ["--filter"] = "filter" }

-- Reads one argument at i; returns the next i, or nil and what is wrong.
local function read_option(args, i, o)
  local name, value = args[i]:match "^(%-%-%a+)=(.*)$"
  name = name or args[i]
  if name == "--tap" and not value then
    o.tap = true
    return i + 1
  end
  if not VALUES[name] then return nil, ("unknown option '%s'"):format(args[i]) end
  if not value then i, value = i + 1, args[i + 1] end
  if not value then return nil, ("%s wants a value"):format(name) end
  o[VALUES[name]] = name == "--filter" and value or whole(value)
  if not o[VALUES[name]] then return nil, ("%s wants a whole number"):format(name) end
  return i + 1
end

-- The command line as a table, or nil and what is wrong.
local function read(args)
  local o, i = { words = {} }, 1
  while args[i] do
    if args[i] == "--" then
      table.move(args, i + 1, #args, #o.words + 1, o.words)
      break
    elseif args[i]:find "^%-." then
      local behind, why = read_option(args, i, o)
      if not behind then return nil, why end
      i = behind
    else
      o.words[#o.words + 1] = args[i]
      i = i + 1
    end
  end
  if #o.words == 0 then o.words[1] = "." end
  return o
end

-- The seeds a test is run with: the one asked for, many, its own, or 1.
local function seeds_of(test, o)
  if o.seed then return o.seed, o.seed end
  if o.seeds then return 1, math.max(1, o.seeds) end
  local own = test.options.seed or 1
  return own, own
end

-- Under every seed, up to the first that fails.
local function run_test(tool, test, o)
  local from, to = seeds_of(test, o)
  local result
  for seed = from, to do
    result = run.one(tool, test, seed)
    if not result.ok then break end
  end
  return result
end

local function run_file(tool, file, o, told, sum)
  local tests, why = files.tests(tool, file)
  told:file(file)
  if not tests then
    told:broken(file, why)
    sum.failed = sum.failed + 1
    return
  end
  for _, test in ipairs(tests) do
    if not o.filter or test.name:find(o.filter, 1, true) then
      local result = run_test(tool, test, o)
      told:result(test, result)
      sum.seconds = sum.seconds + result.seconds
      local count = result.ok and "passed" or "failed"
      sum[count] = sum[count] + 1
    end
  end
end

--- Run the tests that args name. `tool` is described in core/tool/tool.h.
-- Returns the exit status.
return function(args, tool)
  for _, arg in ipairs(args) do
    if arg == "--help" or arg == "-h" then return help({ "test" }, tool) end
  end
  local o, why = read(args)
  if not o then return usage(tool, why) end
  local found, missing = files.find(tool, o.words)
  if not found then return usage(tool, missing) end
  if #found == 0 then return usage(tool, "no file here ends in _test.lua") end
  local told, sum = report.new(tool, o.tap), { passed = 0, failed = 0, seconds = 0 }
  for _, file in ipairs(found) do run_file(tool, file, o, told, sum) end
  if sum.passed + sum.failed == 0 then return usage(tool, "no test has that in its name") end
  told:finish(sum)
  return sum.failed == 0 and 0 or 1
end
