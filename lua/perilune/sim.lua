-- perilune.sim -- the script of a simulated upstream.
--
--     p.provider("shaky", { sim = { fails = 503, times = 2, latency = "300ms" } })
--
-- The same seed gives the same bytes at the same instants. Without `times`
-- every request meets the misbehaviour. Events are those of a stream.

local options = require "perilune.options"

local sim = {}

local function rate(v, name)
  if type(v) ~= "number" or not (v > 0 and v <= 1e6) then
    options.wrong(v, name, "a number of tokens per second")
  end
  return v
end

local COUNT = options.whole(0, 1000000)

local SCRIPT = {
  seed = options.whole(0, math.maxinteger),
  latency = options.duration,         -- before the first byte
  rate = rate,                        -- tokens per second of a stream
  tokens = options.whole(1, 1000000), -- words of a reply
  text = options.text,                -- what it says
  fails = options.whole(400, 599),    -- answers with this status
  times = options.whole(1, 1000000),  -- how many requests fail, then all is well
  refuses = options.flag,             -- no connection
  hangs = options.flag,               -- connects, then says nothing
  cuts_after = COUNT,                 -- breaks off after so many events
  closes_early = options.flag,        -- a stream without its last event
  drips = options.timeout,            -- byte by byte, at this interval
  garbage = options.flag,             -- a page of HTML
  error_after = COUNT,                -- an error event after so many events
}

--- The words of a script, each with its checker; perilune.test has some more.
sim.words = SCRIPT

--- Checker: a script, durations as seconds.
function sim.script(v, name)
  if type(v) ~= "table" then
    options.wrong(v, name, 'a table such as { latency = "200ms" }')
  end
  return options.read("sim", v, SCRIPT)
end

return sim
