-- purses.lua -- budgets for the schedules: drawn, declared, and what must be true of them when
-- all has ended, whatever came between.
--
-- Nothing is reserved any more; nobody has spent more than his limit; what was spent is what
-- the models charge, or more where they did not say, and as much as the requests cost: no call
-- is charged twice, and none is forgotten.
local test = require "perilune.test"

local purses = {}

local USERS = { "ann", "bob" }
local PERIODS = { "day", "week", "month" }
local AS_SAID = 1e-8 -- dollars: what is lost in writing them down

local function chance(share) return math.random() < share end
local function one_of(list) return list[math.random(#list)] end

-- Tight ones pay for a short answer or two, wide ones for all that may come.
local TOKENS = { function() return math.random(1, 2000) end, function() return 5000 end,
  function() return 100000000 end }
local DOLLARS = { function() return math.random(1, 200) / 100 end, function() return 5 end,
  function() return 100000 end }

local function options()
  local said = {}
  local function maybe(share, text)
    if chance(share) then said[#said + 1] = text end
  end
  maybe(0.4, ("each = %q"):format(one_of { "user", "feature", "model" }))
  maybe(0.3, 'over = "decline"')
  maybe(0.3, ("align = %q"):format(one_of { "rolling", "Europe/Berlin" }))
  maybe(0.2, "warn = 0.5")
  return said
end

local function drawn(i)
  local unit = one_of { "tokens", "usd" }
  local limit = one_of(unit == "usd" and DOLLARS or TOKENS)()
  local cap = chance(0.2)
  local said = cap and (chance(0.5) and { 'over = "decline"' } or {}) or options()
  local amount = ('"%s %s/%s"'):format(limit, unit, cap and "request" or one_of(PERIODS))
  local all = table.concat({ amount, table.unpack(said) }, ", ")
  return { name = "b" .. i, unit = unit, limit = limit, cap = cap,
    by_model = table.concat(said):find "model" ~= nil, ignored = chance(0.2),
    text = ('p.budget("b%d", { %s })'):format(i, all) }
end

--- Up to three budgets, or none.
function purses.draw()
  local list = {}
  for i = 1, chance(0.6) and math.random(1, 3) or 0 do list[i] = drawn(i) end
  return list
end

--- Their declarations, as the policy's text.
function purses.declared(list)
  local lines = {}
  for i, b in ipairs(list) do lines[i] = ("local %s = %s"):format(b.name, b.text) end
  return table.concat(lines, "\n")
end

--- What a request does with them before anything else: statements, and the beginning of what
-- is returned. Some verdicts are ignored, which spends no more.
function purses.asked(list)
  local before, gates = {}, {}
  for _, b in ipairs(list) do
    if b.ignored then
      before[#before + 1] = b.name .. "(req)"
    else
      gates[#gates + 1] = b.name .. "(req) or "
    end
  end
  return table.concat(before, " "), table.concat(gates)
end

-- What a client's own key may spend, by the name that /healthz has for all such.
local OF_KEYS = { ["keys tokens/day"] = 1000, ["keys usd/day"] = 1000000000 }
local KEY = { id = "key_1", budgets = { "1k tokens/day", "1 usd/day" } }

--- Some client's user and, sometimes, key.
function purses.user() return one_of(USERS) end
function purses.key(list) return #list > 0 and chance(0.2) and KEY or nil end

-- Budgets that say what is left of them to a request; the others are by model, or each
-- request's own.
local function seen(list)
  local some = {}
  for _, b in ipairs(list) do
    if not b.cap and not b.by_model then some[#some + 1] = b end
  end
  return some
end

-- A policy that says what is spent and left of these.
local function reader(list, prelude)
  local said = {}
  for i, b in ipairs(list) do said[i] = ("%s:spent(req), %s:left(req)"):format(b.name, b.name) end
  return prelude .. ([[ return function(req)
    return p.say(("%s"):format(%s))(req) end]])
    :format(("%.9f "):rep(2 * #list), table.concat(said, ", "))
end

local function same(a, b) return math.abs(a - b) < AS_SAID end

local function check_user(list, text)
  local number = text:gmatch "%S+"
  for _, b in ipairs(list) do
    local spent, left = tonumber(number()), tonumber(number())
    assert(spent <= b.limit + AS_SAID, b.name .. " was spent and more")
    assert(same(spent + left, b.limit), b.name .. " has something reserved")
  end
end

local function check_users(t, list, prelude)
  if #list == 0 then return end
  t:policy(reader(list, prelude))
  for _, user in ipairs(USERS) do check_user(list, t:ask({ user = user }).text) end
end

-- `b.spent` is in tokens or dollars; `more`: models did not tell all.
local function check_sum(b, truth, more)
  local said = truth[b.unit]
  assert(same(b.spent, said.charged) or more and b.spent > said.charged,
    ("%s: %.9f spent, %.9f charged"):format(b.name, b.spent, said.charged))
  assert(b.unit == "tokens" or same(b.spent, said.cost), b.name .. " is not what requests cost")
end

--- All has ended: fail unless the books are right. `truth`: t:tokens() and so on, before this.
function purses.check(t, list, prelude)
  if #list == 0 then return end
  local truth = { tokens = { charged = t:tokens() },
    usd = { charged = t:billed(), cost = t:cost() } }
  local more, health = t:unbilled() > 0, t:ask({ method = "GET", path = "/healthz" }):json()
  assert(not health.ledger or health.ledger.reserved == 0, "a lease is open")
  for i, b in ipairs(list) do
    local of = health.budgets[i]
    assert(of.name == b.name and of.bound_violations == 0)
    b.spent = of.unit == "nano_usd" and of.spent / 1e9 or of.spent
    check_sum(b, truth, more)
  end
  for i = #list + 1, #health.budgets do
    assert(health.budgets[i].spent <= OF_KEYS[health.budgets[i].name], "a key spent more")
  end
  check_users(t, seen(list), prelude)
  t:expect { log = function(log) return not test.has("bound_violated").fits(log) end }
end

return purses
