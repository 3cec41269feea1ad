-- cli.usage -- perilune usage: who has used what, and what it cost.

local help = require "cli.help"

local HEADS = {
  "requests", "errors", "calls", "failed", "prompt", "completion", "cached", "reasoning",
  "cost_usd", "unpriced",
}
local COST = 9 -- of these

local TAKES = {
  ["--by"] = true, ["--from"] = true, ["--to"] = true, ["--key"] = true, ["--user"] = true,
  ["--team"] = true, ["--feature"] = true, ["--model"] = true, ["--store"] = true,
}

local function complain(tool, status, why)
  if status == 2 then why = why .. "; see perilune help usage" end
  tool.err("perilune usage: " .. why .. "\n")
  return status
end

-- What options say goes into asked: { name, value... }, how, store. Or why not.
local function take(asked, flag, value)
  if asked[flag] then return "says " .. flag .. " twice" end
  asked[flag] = true
  if flag == "--csv" or flag == "--json" then
    if value then return flag .. " takes no value" end
    if asked.how then return "as --csv or as --json, not both" end
    asked.how = flag:sub(3)
  elseif flag == "--store" then
    if not value or value == "" then return "--store needs a folder" end
    asked.store = value
  elseif not value then
    return flag .. " needs a value"
  else
    asked[#asked + 1] = flag:sub(3)
    asked[#asked + 1] = value
  end
end

-- What a command line asks for; nil and why not.
local function read(args)
  local asked, i = {}, 1
  while args[i] do
    local flag, value = args[i]:match "^(%-%-%a+)=(.*)$"
    flag = flag or args[i]
    if not TAKES[flag] and flag ~= "--csv" and flag ~= "--json" then
      local what = flag:find "^%-." and "there is no option '%s'" or "takes no '%s'"
      return nil, what:format(flag)
    end
    if not value and TAKES[flag] then
      i = i + 1
      value = args[i]
    end
    local why = take(asked, flag, value)
    if why then return nil, why end
    i = i + 1
  end
  return asked
end

-- --- a table for people -----------------------------------------------------

-- A name as it may be shown: a terminal obeys none, and none looks like a gap.
local function shown(name, tool)
  if name == "" then return "-" end
  local quoted = tool.quote(name)
  return quoted == '"' .. name .. '"' and name or quoted
end

-- "0.000047500" is "0.000048": a millionth of a dollar is enough to look at.
local function dollars(text)
  local whole, nano = text:match "^(%d+)%.(%d+)$"
  local micro = (math.tointeger(tonumber(nano)) + 500) // 1000
  local more = micro // 1000000
  return ("%d.%06d"):format(math.tointeger(tonumber(whole)) + more, micro % 1000000)
end

local function cells_of(names, counts)
  local cells = table.move(names, 1, #names, 1, {})
  for i = 1, #HEADS do
    cells[#cells + 1] = i == COST and dollars(counts[i]) or counts[i]
  end
  return cells
end

local function lines_of(found, tool)
  local heads = table.move(found.by, 1, #found.by, 1, {})
  local lines = { table.move(HEADS, 1, #HEADS, #found.by + 1, heads) }
  for _, line in ipairs(found) do
    local names = {}
    for i, name in ipairs(line.names) do names[i] = shown(name, tool) end
    lines[#lines + 1] = cells_of(names, line)
  end
  local names = { "total" }
  for i = 2, #found.by do names[i] = "" end
  lines[#lines + 1] = cells_of(names, found.total)
  return lines
end

local function width_of(cell) return utf8.len(cell) or #cell end

local function widths_of(lines)
  local widths = {}
  for _, cells in ipairs(lines) do
    for i, cell in ipairs(cells) do widths[i] = math.max(widths[i] or 0, width_of(cell)) end
  end
  return widths
end

-- Names begin at the left, numbers end at the right.
local function show(found, tool)
  local lines = lines_of(found, tool)
  local widths = widths_of(lines)
  for _, cells in ipairs(lines) do
    for i, cell in ipairs(cells) do
      local gap = (" "):rep(widths[i] - width_of(cell))
      cells[i] = i <= #found.by and cell .. gap or gap .. cell
    end
    tool.out((table.concat(cells, "  "):gsub(" +$", "")) .. "\n")
  end
end

--- Do what args say. `tool` has out(text), err(text), quote, the folder `store`
-- and the function usage.
return function(args, tool)
  if args[1] == "--help" or args[1] == "-h" then return help({ "usage" }, tool) end
  local asked, why = read(args)
  if not asked then return complain(tool, 2, why) end
  local found, trouble, status = tool.usage(asked.store or tool.store, asked, asked.how or "lines")
  if not found then return complain(tool, status, trouble) end
  if asked.how then return 0 end
  if #found == 0 then
    tool.out(("nothing was used from %s to %s\n"):format(found.from, found.to))
  else
    show(found, tool)
  end
  return 0
end
