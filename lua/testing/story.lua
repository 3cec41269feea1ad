-- testing.story -- what happened, told after a failure.

local story = {}

local MOST_LINES = 8

--- The lines of a log as tables.
function story.lines(log, decode)
  local list = {}
  for line in log:gmatch "[^\n]+" do list[#list + 1] = decode(line) end
  return list
end

local function shown(line)
  local at = tostring(line.time):match "T([%d:.]+)Z" or ""
  local what = line.message or ""
  if line.event == "request" then
    what = ("%s %s"):format(line.status, line.path or "")
    if line.fault_message then what = what .. "; " .. line.fault_message end
  end
  return ("%s  %s  %s"):format(at, line.event, what)
end

local function add(lines, name, text)
  lines[#lines + 1] = ("%-13s %s"):format(name, text)
end

-- A model that was told what to do and never asked is often a name misspelt.
local function tell_upstreams(self, lines)
  local said, unasked = {}, {}
  for _, upstream in ipairs(self.world:upstreams()) do
    if upstream.arrivals + upstream.refused > 0 then
      local refused = upstream.refused > 0 and (" (%d refused)"):format(upstream.refused) or ""
      said[#said + 1] = ("%s %d%s"):format(upstream.name, upstream.arrivals, refused)
    elseif not upstream.name:find("*", 1, true) then
      unasked[#unasked + 1] = upstream.name
    end
  end
  add(lines, "arrivals", #said > 0 and table.concat(said, ", ") or "none")
  if #unasked > 0 then add(lines, "never asked", table.concat(unasked, ", ")) end
end

local function tell_log(self, lines)
  local log = self:log()
  for i = math.max(1, #log - MOST_LINES + 1), #log do
    add(lines, i == math.max(1, #log - MOST_LINES + 1) and "log" or "", shown(log[i]))
  end
end

--- Add what helps to see why: the reply's path and error, the time, the
-- arrivals, the end of the log.
function story.tell(self, lines, r)
  if r then
    local told = table.concat(lines, "\n"):find "%f[%w]path " ~= nil
    if r.path and not told then add(lines, "path", r.path) end
    if not r.done then add(lines, "not over", "reply:wait() waits for its end") end
    if r.error then add(lines, "error", ("%s: %s"):format(r.error, r.message or "")) end
  end
  add(lines, "time", ("%.3f s after the beginning"):format(self.world:now()))
  tell_upstreams(self, lines)
  tell_log(self, lines)
end

return story
