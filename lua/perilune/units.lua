-- perilune.units -- "1.5s", "512MB", "50 usd/day": written as people say them.
--
-- A plain number is seconds (or bytes). From 1,000 seconds on a unit must be
-- said, because 10000 is nearly always somebody's milliseconds. `m` and `min`
-- are minutes; k, M, G are thousands, KiB, MiB, GiB are powers of 1024.

local core = require "perilune.core"
local show = require "perilune.show"

local units = {}

local SECONDS = { ms = 1e-3, s = 1, m = 60, min = 60, h = 3600, d = 86400 }
local BYTES = {
  b = 1, k = 1e3, kb = 1e3, m = 1e6, mb = 1e6, g = 1e9, gb = 1e9, t = 1e12, tb = 1e12,
  kib = 1 << 10, mib = 1 << 20, gib = 1 << 30, tib = 1 << 40,
}
local HOW = {
  duration = 'write a number and ms, s, min, h or d, such as "1.5s"',
  size = 'write a number and B, kB, MB, GB, KiB, MiB or GiB, such as "512MB"',
  amount = 'write it like "600 requests/min", "100k tokens/day" or "50 usd/month"',
}

local function refuse(kind, v, name, how)
  local article = kind == "amount" and "an" or "a"
  core.raise(("%s is not %s %s; %s"):format(show.said(name, v), article, kind, how or HOW[kind]))
end

-- "1.5 s" -> 1.5, "s"; nil when it does not begin with a number.
local function split(v)
  if type(v) ~= "string" then return nil end
  local n, rest = v:match "^%s*(%d+%.?%d*)%s*(.-)%s*$"
  return tonumber(n), rest
end

-- A number of seconds in the largest unit that says it plainly.
local function plainly(n)
  for _, unit in ipairs { "d", "h", "min" } do
    if n % SECONDS[unit] == 0 then return ("%d%s"):format(n // SECONDS[unit], unit) end
  end
  return ("%gs"):format(n / 1000)
end

local function too_many_seconds(n, name)
  local said = ("%.14g"):format(n)
  local meant = n % 1000 == 0 and ("%ds"):format(n // 1000) or plainly(n)
  core.raise(([[%s is %s seconds; write "%s" or "%sms"]]):format(
    show.said(name, n), said, meant, said))
end

--- Seconds in a duration: 2, "500ms", "1.5s", "10m", "2min", "1h", "1d".
-- `name` is the option it was said for; it only serves the message.
function units.seconds(v, name)
  if type(v) == "number" then
    if v >= 1000 and v < 1e14 then too_many_seconds(v, name) end
    if v >= 0 and v < 1000 then return v end
    refuse("duration", v, name)
  end
  local n, unit = split(v)
  if not n or not SECONDS[unit] then refuse("duration", v, name) end
  return n * SECONDS[unit]
end

--- Bytes in a size: 4096, "512MB", "64KiB". A whole number; capitals are not
-- looked at.
function units.bytes(v, name)
  local n, unit = v, "b"
  if type(v) ~= "number" then n, unit = split(v) end
  local factor = n and BYTES[unit:lower()]
  if not factor or not (n >= 0 and n * factor < 2 ^ 53) then refuse("size", v, name) end
  return n * factor // 1 | 0
end

--- An amount per period: "100k tokens/day" is { n = 100000, unit = "tokens",
-- per = "day" }. Units are requests, tokens and usd; periods second, minute,
-- hour, day, week, month, and request. "unlimited" is { n = math.huge }. How it
-- may be written is C's to say, since keys say amounts too. `how` is how one that
-- the caller takes is written.
function units.amount(v, name, how)
  if v == "unlimited" then return { n = math.huge } end
  local n, unit, per
  if type(v) == "string" then n, unit, per = core.amount(v) end
  if not n then refuse("amount", v, name, how) end
  return { n = n, unit = unit, per = per }
end

return units
