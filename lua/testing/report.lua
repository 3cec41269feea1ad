-- testing.report -- how a run is told: to a person, or as TAP.

local report = {}

local GREEN, RED, FAINT, PLAIN = "\27[32m", "\27[31m", "\27[2m", "\27[0m"

-- So much time in the unit that reads best.
local function span(seconds)
  if seconds < 120 then return ("%.3g s"):format(seconds) end
  if seconds < 7200 then return ("%.3g min"):format(seconds / 60) end
  return ("%.3g h"):format(seconds / 3600)
end

-- The command line that runs this one again.
local function again(test, result)
  local filter = ("'%s'"):format(test.name:gsub("'", "'\\''"))
  return ("perilune test --seed %d --filter %s %s"):format(result.seed, filter, test.file)
end

local function details(test, result)
  local lines = {}
  for _, line in ipairs(result.lines) do lines[#lines + 1] = line end
  lines[#lines + 1] = ("%-13s %s"):format("where", result.where or test.where or test.file)
  lines[#lines + 1] = ("%-13s %d; again: %s"):format("seed", result.seed, again(test, result))
  return lines
end

-- --- for a person ------------------------------------------------------------

local Person = {}
Person.__index = Person

function Person.file(self, file)
  self.tool.out(self:paint(FAINT, file) .. "\n")
end

function Person.paint(self, colour, text)
  return self.tool.colour and colour .. text .. PLAIN or text
end

function Person.broken(self, _, why)
  self.tool.out(("  %s the file loads\n         %s\n"):format(
    self:paint(RED, "not ok"), (why:gsub("\n", "\n         "))))
end

function Person.result(self, test, result)
  if result.ok then
    self.tool.out(("  %s     %s\n"):format(self:paint(GREEN, "ok"), test.name))
    return
  end
  self.tool.out(("  %s %s\n"):format(self:paint(RED, "not ok"), test.name))
  for _, line in ipairs(details(test, result)) do
    self.tool.out("         " .. line .. "\n")
  end
end

function Person.finish(self, sum)
  local text = ("%d passed, %d failed"):format(sum.passed, sum.failed)
  local colour = sum.failed == 0 and GREEN or RED
  self.tool.out(("\n%s; %s of simulated time\n"):format(self:paint(colour, text),
    span(sum.seconds)))
end

-- --- for programs ------------------------------------------------------------

local Tap = {}
Tap.__index = Tap

function Tap.file() end

function Tap.next_number(self)
  self.n = self.n + 1
  return self.n
end

local function tap_name(file, name)
  return ((file .. ": " .. name):gsub("[#\\]", "\\%0"):gsub("\n", " "))
end

function Tap.notes(self, lines)
  for _, line in ipairs(lines) do
    self.tool.out("# " .. line:gsub("\n", "\n# ") .. "\n")
  end
end

function Tap.broken(self, file, why)
  self.tool.out(("not ok %d - %s\n"):format(self:next_number(),
    tap_name(file, "the file loads")))
  self:notes { why }
end

function Tap.result(self, test, result)
  self.tool.out(("%s %d - %s\n"):format(result.ok and "ok" or "not ok", self:next_number(),
    tap_name(test.file, test.name)))
  if not result.ok then self:notes(details(test, result)) end
end

function Tap.finish(self)
  self.tool.out(("1..%d\n"):format(self.n))
end

--- A report that writes as it goes: file, broken, result, finish.
function report.new(tool, tap)
  if not tap then return setmetatable({ tool = tool }, Person) end
  tool.out "TAP version 13\n"
  return setmetatable({ tool = tool, n = 0 }, Tap)
end

return report
