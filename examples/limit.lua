-- limit.lua: nobody uses up what is there for all; who is over his limit still gets a small answer.
-- Every user may ask 20 times in any minute, and 50,000 tokens' worth. The large model is for those
-- who have some left of that; the small one has a limit for everybody together, and one may wait
-- for it a little. Who asks is what the header x-perilune-user says, or the body's "user".
local p = require "perilune"

local own = p.limit("own", { "20 requests/min", "50k tokens/min", each = "user",
  but = { nightly = { "200 requests/min", "1M tokens/min" }, ops = "unlimited" } })
local all = p.limit("all", { "600 requests/min", wait = "5s" })
local large, small = p.model "openai/gpt-4o", p.model "openai/gpt-4o-mini"

return function(req)
  local over = own(req)                -- a refusal, or nothing
  return not over and large(req)
      or all(req)
      or small(req)
      or over
      or p.sorry "Please come back in a minute."
end
