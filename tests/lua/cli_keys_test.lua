-- cli: perilune keys.

local check = require "check"

package.path = "lua/?.lua;" .. package.path

local run_keys = require "cli.keys"

local function keys_tool(keys)
  local tool = { said = "", complained = "", store = "./perilune.data", done = {} }
  function tool.out(text) tool.said = tool.said .. text end
  function tool.err(text) tool.complained = tool.complained .. text end
  function tool.quote(text) return '"' .. text .. '"' end
  function tool.decode() return { "a/*", "b/c" } end
  function tool.keys_add(path, key)
    tool.path, tool.key = path, key
    return "peri-1", "key_1"
  end
  function tool.keys_list(path)
    if path == "none" then return nil, "the store none: not there" end
    return keys or {}
  end
  function tool.keys_revoke(_, id) tool.done[#tool.done + 1] = "revoke " .. id return true end
  function tool.keys_rotate(_, id) tool.done[#tool.done + 1] = "rotate " .. id return "peri-2" end
  return tool
end

check.that("add hands over what the options say, and shows the key alone", function()
  local tool = keys_tool()
  check.is(run_keys({ "add", "--user", "ada", "--team=gold", "--models", "a/* , b/c", "--admin",
    "--expires", "1.5h", "--note", "a=b", "--meta", "n=1", "--store", "s" }, tool), 0)
  check.is(tool.said, "peri-1\n")
  check.has(tool.complained, "this is key_1; it is shown this once")
  check.is(tool.path, "s")
  check.is(tool.key.user, "ada")
  check.is(tool.key.team, "gold")
  check.is(tool.key.admin, true)
  check.is(tool.key.expires, 5400.0)
  check.is(tool.key.models, '["a/*","b/c"]')
  check.is(tool.key.metadata, '{"n":"1","note":"a=b"}')
end)

check.that("limits and budgets are lists, as often as they are said", function()
  local tool = keys_tool()
  check.is(run_keys({ "add", "--limit", "60 requests/min", "--budget=5 usd/day", "--limit",
    "4 concurrent" }, tool), 0)
  check.is(tool.key.limits, '["60 requests/min","4 concurrent"]')
  check.is(tool.key.budgets, '["5 usd/day"]')
  check.is(run_keys({ "list", "--limit", "1 request/s" }, tool), 2)
  check.has(tool.complained, "list takes no --limit")
end)

check.that("what the record says is wrong is told as a mistake of the command line", function()
  local tool = keys_tool()
  function tool.keys_add() return nil, "limits: too odd", true end
  check.is(run_keys({ "add", "--limit", "odd" }, tool), 2)
  check.is(tool.complained, "perilune keys: limits: too odd; see perilune help keys\n")
end)

check.that("list shows the oldest first", function()
  local tool = keys_tool {
    { id = "key_2", created = "2026-02", holds = false, revoked = "2026-03", mark = "b2" },
    { id = "key_1", created = "2026-01", holds = true, mark = "a1", admin = true, models = "[]" },
  }
  check.is(run_keys({ "list" }, tool), 0)
  check.is(tool.said, "key_1  valid  mark=a1  created=2026-01  admin  models=a/*,b/c\n"
    .. "key_2  revoked  mark=b2  created=2026-02  revoked=2026-03\n")
end)

check.that("revoke and rotate want a key that is there", function()
  local tool = keys_tool { { id = "key_1" }, { id = "key_2", revoked = "2026-03" } }
  check.is(run_keys({ "revoke", "key_1" }, tool), 0)
  check.is(run_keys({ "rotate", "key_1" }, tool), 0)
  check.is(run_keys({ "revoke", "key_2" }, tool), 0)
  check.is(run_keys({ "rotate", "key_2" }, tool), 1)
  check.is(run_keys({ "revoke", "key_3" }, tool), 1)
  check.is(table.concat(tool.done, ", "), "revoke key_1, rotate key_1")
  check.has(tool.complained, "there is no key 'key_3'")
end)

check.that("a store that cannot be read is told", function()
  local tool = keys_tool()
  check.is(run_keys({ "list", "--store", "none" }, tool), 1)
  check.is(tool.complained, "perilune keys: the store none: not there\n")
end)
