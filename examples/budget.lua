-- budget.lua: a runaway loop at night costs what this file allows and not a token more.
-- Every user has so many tokens a day, everybody together so many dollars a month, and no single
-- request takes more than its share. When a purse says no, the machine in the cellar answers, which
-- is charged to nobody.
local p = require "perilune"

p.provider("cellar", "http://10.0.0.7:8000/v1")

local one = p.budget("one-request", "20k tokens/request")
local own = p.budget("own", { "50k tokens/day", each = "user", warn = 0.8,
  but = { nightly = "1M tokens/day", ops = "unlimited" } })
local company = p.budget("company", { "500 usd/month", align = "Europe/Berlin" })
local large = p.model { "openai/gpt-4o", max_out = 2000 }
local free = p.model { "cellar/llama-3.1-8b", free = true }

return function(req)
  local over = company(req) or own(req)    -- a refusal, or nothing; either way it is attached
  return one(req)
      or not over and large(req)
      or free(req)
      or over
      or p.sorry "Please come back tomorrow."
end
