-- cli.check -- perilune check FILE...: load policies, run them in the fixed worlds
-- and say what is wrong.

local above = require "testing.above"
local help = require "cli.help"
local uncalled = require "testing.uncalled"
local worlds = require "testing.worlds"

local function usage(tool, why)
  tool.err("perilune check: " .. why .. "; see perilune help check\n")
  return 2
end

-- How a world ended, in a word or two behind its status.
local function remark(o)
  if o.outcome == "broken" then return "  (breaks off)" end
  if o.done and o.status == 200 then return "" end
  if not o.done then return "  (never ends)" end
  local code = o.error and (o.error.code or o.error.type)
  return code and ("  (%s)"):format(code) or ""
end

local LONG = 2 -- seconds that a person notices

-- How long the client waited for the beginning of it.
local function waited(o)
  local seconds = (o.first or o.ended or o.came) - o.came
  return seconds >= LONG and ("  (after %.0f s)"):format(seconds) or ""
end

local function longest(list)
  local n = 0
  for _, o in ipairs(list) do n = math.max(n, #o.name) end
  return n
end

-- One line for each world; false if the policy itself failed in one.
local function tell_worlds(list, path, tool)
  local well, width = true, longest(list)
  for _, o in ipairs(list) do
    local name = o.name .. (" "):rep(width - #o.name)
    local way = o.path or o.headers["x-perilune-path"] or ""
    tool.out(("    %s  %s  %s%s%s\n")
      :format(name, o.status or "---", way, remark(o), waited(o)))
    if o.policy_error then
      well = false
      tool.err(("bad %s  %s: %s\n"):format(path, o.name, o.policy_error))
    end
  end
  return well
end

local function warn(tool, format, ...)
  tool.out(("    check: " .. format .. "\n"):format(...))
end

local function tell_warnings(path, missed, tool)
  local text = tool.read(path) or ""
  for _, found in ipairs(uncalled.find(text)) do
    warn(tool, '%s:%d: "%s" is never called; write %s(req)', path, found.line, found.name,
      found.name)
  end
  for _, found in ipairs(uncalled.gates(text)) do
    warn(tool, '%s:%d: %s answers only to say no, so %s would be asked only when %s refused; '
      .. 'write "%s(req) or %s(req)"', path, found.line, found.name, found.behind, found.name,
      found.name, found.behind)
  end
  for _, found in ipairs(above.find(text)) do
    warn(tool, "%s:%d: %s stands above %s, so a user without budget loses free answers; "
      .. "put %s(req) first", path, found.line, found.name, found.free, found.free)
  end
  for _, model in ipairs(missed) do
    warn(tool, "%s: %s is declared and asked in none of these worlds", path, model)
  end
end

-- What there is to say of one policy; true when nothing of it is bad.
local function report(path, o, tool)
  if path:find "_test%.lua$" then
    tool.out(("--  %s  is a test: perilune test %s runs it\n"):format(path, path))
    return true
  end
  local found, message = tool.check(path)
  if not found then
    tool.err(("bad %s  %s\n"):format(path, message))
    return false
  end
  local models = table.concat(found.models, ", ")
  tool.out(("ok  %s  version %s  models: %s\n")
    :format(path, found.version, models == "" and "none" or models))
  if o.quiet then return true end
  local list, missed = worlds.run(tool, { name = path }, found.models)
  local well = tell_worlds(list, path, tool)
  tell_warnings(path, missed, tool)
  return well
end

-- The command line: { quiet =, files... }, or nil and the exit status.
local function read(args, tool)
  local o, options_end = { quiet = false }, false
  for _, arg in ipairs(args) do
    if options_end or not arg:find "^%-." then
      o[#o + 1] = arg
    elseif arg == "--" then
      options_end = true
    elseif arg == "--quiet" or arg == "-q" then
      o.quiet = true
    elseif arg == "--help" or arg == "-h" then
      return nil, help({ "check" }, tool)
    else
      return nil, usage(tool, ("unknown option '%s'"):format(arg))
    end
  end
  if #o == 0 then return nil, usage(tool, "which policy? Name at least one file") end
  return o
end

--- Check the policies named in args. `tool` is described in core/tool/tool.h.
-- Returns the exit status.
return function(args, tool)
  local o, status = read(args, tool)
  if not o then return status end
  status = 0
  for _, path in ipairs(o) do
    if not report(path, o, tool) then status = 1 end
  end
  return status
end
