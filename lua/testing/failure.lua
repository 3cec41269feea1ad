-- testing.failure -- an expectation that was not met, and all that helps to see why.

local core = require "perilune.core"
local match = require "testing.match"

local failure = {}

local Failure = { __tostring = function(f) return f.lines[1] or "it failed" end }
Failure.__index = Failure

--- Is this error one of ours?
function failure.is(v)
  return getmetatable(v) == Failure
end

--- Raise: what was expected and what came, line by line.
function failure.raise(lines)
  error(setmetatable({ lines = lines, where = core.where() }, Failure), 0)
end

--- Raise with one line of text.
function failure.say(format, ...)
  failure.raise { format:format(...) }
end

-- Two values on a line where they are short, one below the other where not.
local function differ(lines, name, want, came)
  want, came = match.say(want), match.say(came)
  if #want + #came <= 44 and not (want .. came):find "\n" then
    lines[#lines + 1] = ("%-13s expected %s, came %s"):format(name, want, came)
  else
    lines[#lines + 1] = ("%-13s expected %s"):format(name, want)
    lines[#lines + 1] = ("%-13s came     %s"):format("", came)
  end
end

-- The wanted fields of a field: headers = { ["retry-after"] = "1" }.
local function inside(wanted, came)
  return type(wanted) == "table" and not match.is_matcher(wanted) and type(came) == "table"
end

--- What is expected is a table of names; anything else is the author's mistake.
function failure.check_wanted(wanted)
  if type(wanted) ~= "table" or #wanted > 0 then
    core.raise "expect: name what is expected, such as { status = 200 }"
  end
end

--- Compare by name what is wanted with what `came` says for it; the lines that
-- tell each difference are added to `lines`.
function failure.compare(lines, wanted, came, within)
  local names = {}
  for name in pairs(wanted) do names[#names + 1] = name end
  table.sort(names, function(a, b) return tostring(a) < tostring(b) end)
  for _, name in ipairs(names) do
    local want, v = wanted[name], came(name)
    local said = (within or "") .. tostring(name)
    if inside(want, v) then
      failure.compare(lines, want, function(field) return v[field] end, said .. " ")
    elseif not match.fits(want, v) then
      differ(lines, said, want, v)
    end
  end
  return lines
end

return failure
