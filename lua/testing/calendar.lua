-- testing.calendar -- "2026-03-29 01:30" as seconds since 1970, UTC.

local options = require "perilune.options"

local calendar = {}

-- Days since 1970 of a date in the Gregorian calendar; years begin in March.
local function days(year, month, day)
  if month <= 2 then year, month = year - 1, month + 12 end
  local of_year = (153 * (month - 3) + 2) // 5 + day - 1
  return 365 * year + year // 4 - year // 100 + year // 400 + of_year - 719468
end

--- Checker: a moment, "2026-03-29" or "2026-03-29 01:30" or with seconds.
function calendar.seconds(v, name)
  local text = type(v) == "string" and v or ""
  local year, month, day, rest = text:match "^(%d%d%d%d)-(%d%d)-(%d%d)(.*)$"
  local hour, minute, second = (rest or ""):match "^[ T](%d%d):(%d%d):?(%d*)Z?$"
  if not year or rest ~= "" and not hour or tonumber(month) > 12 or tonumber(day) > 31 then
    options.wrong(v, name, 'a moment such as "2026-03-29 01:30"')
  end
  local of_day = (tonumber(hour) or 0) * 3600 + (tonumber(minute) or 0) * 60
  return days(tonumber(year), tonumber(month), tonumber(day)) * 86400 + of_day
    + (tonumber(second) or 0)
end

--- Where tests begin that say nothing: noon, on a Thursday.
calendar.default = calendar.seconds("2026-01-01 12:00", "at")

return calendar
