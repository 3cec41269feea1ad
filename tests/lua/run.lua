-- run -- every Lua test: lua5.4 tests/lua/run.lua, from the top of the tree.

package.path = "tests/lua/?.lua;" .. package.path

local check = require "check"

-- In reading order: what the others stand on comes first.
local MODULES = { "units", "options", "rung", "ladder", "model", "providers", "address", "asked",
  "allow", "written", "filter", "race", "hedge", "balance", "breaker", "trim", "faq", "sticky",
  "limit", "budget", "queue", "rescue", "idempotent", "tokens", "prices", "perilune", "default",
  "cli", "cli_store", "cli_keys", "cli_prices", "testing", "readme" }

for _, module in ipairs(MODULES) do require(module .. "_test") end

print(("%d passed, %d failed"):format(check.passed, check.failed))
os.exit(check.failed == 0)
