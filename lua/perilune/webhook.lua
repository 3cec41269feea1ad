-- perilune.webhook -- p.webhook: somebody who is told, as JSON.
--
--     p.budget("daily", { "50 usd/day", warn = 0.8, on_warn = p.webhook(p.secret "HOOK") })
--
-- What it returns is a function: called with a table it sends that, and nobody
-- waits for the answer.

local core = require "perilune.core"
local moment = require "perilune.moment"
local show = require "perilune.show"

local webhook = {}

local function is_address(v)
  return type(v) == "string" and v:find "^https?://[^%s@]+$"
end

--- p.webhook: "https://..." or p.secret "NAME", if the address is one.
function webhook.new(address)
  moment.load("webhook")
  if not is_address(address) and core.kind(address) ~= "secret" then
    core.raise(('webhook: expected an address such as "https://hooks.example/x" or p.secret '
      .. '"NAME", not %s'):format(type(address) == "string" and "this text" or show.value(address)))
  end
  local hook = core.webhook(address)
  return function(told)
    if hook then core.webhook_send(hook, told) end
  end
end

return webhook
