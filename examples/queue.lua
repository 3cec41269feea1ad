-- queue.lua: what can wait is not lost. Nobody is there to answer, and the client said
-- `Prefer: respond-async`: it gets a 202 with a place to look, and its answer when a model is back,
-- also if the gateway was killed meanwhile. Everybody else hears an apology.
--     curl -i -H 'prefer: respond-async' ... ; curl http://127.0.0.1:8080/v1/jobs/job_...
local p = require "perilune"

local model = p.model { "openai/gpt-4o", first = "10s" }
local many  = p.limit("many", { "100 requests/hour", each = "user" })   -- nobody fills it alone
local later = p.queue("later", { windows = { "10s", "10min" }, expires = "1d", keep = "1d" })

return function(req)
  return many(req)
      or model(req)
      or later(req)                    -- declines whoever does not want to wait
      or p.sorry "We are busy. Please try again in a minute."
end
