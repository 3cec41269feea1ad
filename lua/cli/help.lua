-- cli.help -- perilune help [COMMAND]: show a command's page.

local pages = require "cli.pages"

local COMMANDS = "serve, check, test, store, keys, usage, prices, version, help"

--- Show the page of args[1], or the overview. `tool` has out(text) and
-- err(text). Returns the exit status.
return function(args, tool)
  local topic = args[1] or "perilune"
  if topic == "--help" or topic == "-h" then topic = "help" end
  local page = pages[topic]
  if page and args[2] == nil then
    tool.out(page)
    return 0
  end
  local why = page and "one command at a time"
    or ("there is no command '%s' (there are: %s)"):format(topic, COMMANDS)
  tool.err("perilune help: " .. why .. "\n")
  return 2
end
