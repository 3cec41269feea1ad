-- quotas.lua: nobody, and not all together, spend more than was said.
-- A request may take 50k tokens, a user 200k in an hour and a million in a day, all users five
-- million in an hour and 500 dollars in a day. What a call may cost at most is put aside before
-- it leaves, and what it did cost is booked when it has ended, so no crowd passes a budget.
-- Whoever has used up his own is told so, with 429 and when to come again. At four fifths the
-- log has a line.
-- To edit: the amounts, the models, but = { ... } for whoever has more.
local p = require "perilune"

local request = p.budget("request", "50k tokens/request")
local user_hour = p.budget("user-hour", { "200k tokens/hour", each = "user", warn = 0.8 })
local user_day = p.budget("user-day", { "1M tokens/day", each = "user", warn = 0.8 })
local all_hour = p.budget("global-hour", { "5M tokens/hour", warn = 0.8 })
local all_day = p.budget("global-day", { "500 usd/day", warn = 0.8 })
