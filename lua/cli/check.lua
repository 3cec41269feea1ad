-- cli.check -- perilune check FILE...: load policies and say what is wrong.

local help = require "cli.help"

local function usage(tool, why)
  tool.err("perilune check: " .. why .. "; see perilune help check\n")
  return 2
end

-- One line for a policy that loads, the message for one that does not.
local function report(path, tool)
  local found, message = tool.check(path)
  if not found then
    tool.err(("bad %s  %s\n"):format(path, message))
    return false
  end
  local models = table.concat(found.models, ", ")
  tool.out(("ok  %s  version %s  models: %s\n")
    :format(path, found.version, models == "" and "none" or models))
  return true
end

-- The files of a command line, or nil and the exit status.
local function files_of(args, tool)
  local files, options_end = {}, false
  for _, arg in ipairs(args) do
    if options_end or not arg:find "^%-." then
      files[#files + 1] = arg
    elseif arg == "--" then
      options_end = true
    elseif arg == "--help" or arg == "-h" then
      return nil, help({ "check" }, tool)
    else
      return nil, usage(tool, ("unknown option '%s'"):format(arg))
    end
  end
  if #files == 0 then return nil, usage(tool, "which policy? Name at least one file") end
  return files
end

--- Check the policies named in args. `tool` has check(path), out(text) and
-- err(text). Returns the exit status.
return function(args, tool)
  local files, status = files_of(args, tool)
  if not files then return status end
  status = 0
  for _, path in ipairs(files) do
    if not report(path, tool) then status = 1 end
  end
  return status
end
