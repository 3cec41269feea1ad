-- perilune.budget -- p.budget: so much may be spent and no more.
--
--     p.budget("daily", { "100k tokens/day", each = "user", warn = 0.8 })
--
-- A gate that attaches itself to the request first and then answers only to say
-- no. Each model call that follows reserves what it may cost at most and settles
-- what it did cost, in C; so nothing that a policy does around the gate can
-- spend more. What was spent is in the store: it survives reloads and SIGKILL.

local callable = require "perilune.callable"
local core = require "perilune.core"
local each = require "perilune.each"
local moment = require "perilune.moment"
local named = require "perilune.named"
local options = require "perilune.options"
local show = require "perilune.show"
local units = require "perilune.units"

local budget = {}

local EACH = { user = true, team = true, feature = true, key = true, model = true,
  ["key.user"] = true, ["key.team"] = true, ["key.feature"] = true }
local HOW = 'write it like "100k tokens/day", "50 usd/month" or "50k tokens/request"'
local NANO = 1000000000 -- of a dollar

local function each_of(v, name)
  if EACH[v] or type(v) == "function" then return v end
  options.wrong(v, name, '"user", "team", "feature", "key", "model" or a function')
end

local function align_of(v, name)
  if type(v) == "string" and v ~= "" then return v == "UTC" and "utc" or v end
  options.wrong(v, name, '"utc", "rolling" or a time zone such as "Europe/Berlin"')
end

local function share(v, name)
  if type(v) == "number" and v > 0 and v <= 1 then return v end
  options.wrong(v, name, "a share of the amount, such as 0.8")
end

local function told(v, name)
  if type(v) == "function" then return v end
  options.wrong(v, name, 'a function, such as p.webhook "https://..." makes')
end

local function any(v) return v end

local OPTIONS = {
  each = each_of, align = align_of, but = any, warn = share, on_warn = told,
  over = options.choice { "refuse", "decline" },
}

-- Whole tokens, or whole nano-dollars; nil: it is no such amount.
local function whole(amount)
  local n = amount.n
  if amount.unit ~= "usd" then return math.tointeger(n) end
  if math.type(n) == "integer" then return n <= math.maxinteger // NANO and n * NANO or nil end
  n = n * NANO
  return n < 2 ^ 63 and math.tointeger(math.floor(n + 0.5)) or nil
end

-- One amount: { unit =, n =, per = }; `name` is that of an exception.
local function amount_of(v, name)
  local amount = units.amount(v, name and "but." .. name, HOW)
  if amount.unit == "requests" then
    core.raise(("budget: %s counts requests; p.limit does that"):format(show.value(v)))
  end
  local n = amount.unit and whole(amount)
  if not n or n < 1 then
    core.raise(("budget: %s%s is not an amount of at least one; %s")
      :format(name and "but: " or "", show.value(v), HOW))
  end
  return { unit = amount.unit, n = n, per = amount.per }
end

local function only_item(t)
  if #t == 1 then return amount_of(t[1]) end
  if #t == 0 then core.raise("budget: the amount is missing; " .. HOW) end
  core.raise(("budget: one amount, not %d; declare another budget for %s")
    :format(#t, show.value(t[2])))
end

-- The amounts, the usual one first, and which of them whom concerns: 0 is none.
local function read_but(but, usual)
  local limits, which = { usual.n }, {}
  for _, who in ipairs(show.names(but)) do
    if but[who] == "unlimited" then
      which[who] = 0
    else
      local amount = amount_of(but[who], who)
      if amount.unit ~= usual.unit or amount.per ~= usual.per then
        core.raise(("budget: but: %s counts something else than the others do")
          :format(show.value(who)))
      end
      limits[#limits + 1] = amount.n
      which[who] = #limits
    end
  end
  return limits, which
end

local function check(read, usual)
  if read.but ~= nil and (type(read.but) ~= "table" or #read.but > 0 or not read.each
      or read.each == "model") then
    core.raise('budget: but = { gold = "500 usd/day" } names exceptions among those of '
      .. 'each = "user"')
  elseif read.on_warn and not read.warn then
    core.raise "budget: on_warn is told when a share is spent; say which: warn = 0.8"
  elseif usual.per == "request" and (read.align or read.each or read.warn) then
    core.raise("budget: a budget of each request has no period and is nobody's; it takes no "
      .. "align, each or warn")
  end
end

-- All that makes it start empty when it changes (LANGUAGE rule 23).
local function shape_of(name, read, usual)
  local whose = type(read.each) == "function" and "function" or read.each or "all"
  return table.concat({ name, usual.unit, usual.per, read.align or "utc", whose }, "\0")
end

-- Whose budget it is.
local function who_of(own, req)
  local by = own.each
  if not by or by == "model" then return "" end
  if type(by) ~= "function" then return each.of(by, req) end
  core.budget_begin(req) -- it is the author's, and may raise
  local who = each.of(by, req, "budget: each of " .. own.where)
  core.budget_end(req)
  return who
end

local function ask(own, req)
  local who = who_of(own, req)
  return core.budget_ask(own.budget, req, who, own.which[who] or 1)
end

local function look(own, req)
  if own.each == "model" then
    core.raise(('budget: each = "model" of %s has an amount for each model; there is none of req')
      :format(own.where))
  end
  local who = who_of(own, req)
  return core.budget_look(own.budget, req, who, own.which[who] or 1)
end

local function make(name, t)
  local read = options.read("budget", t, OPTIONS)
  local usual = only_item(t)
  check(read, usual)
  local limits, which = read_but(read.but or {}, usual)
  local own = { each = read.each, which = which, where = core.where() }
  own.budget = core.budget { name = name, shape = shape_of(name, read, usual), unit = usual.unit,
    per = usual.per, align = read.align or "utc", by_model = read.each == "model",
    declines = read.over == "decline", warn = read.warn, on_warn = read.on_warn, limits = limits }
  local rung = callable.new(name, function(req) return ask(own, req) end,
    type(read.each) == "function")

  --- What is left, and what is spent, of whoever asks: tokens or dollars.
  function rung.left(_, req) return (look(own, req)) end
  function rung.spent(_, req) return (select(2, look(own, req))) end
  return rung
end

--- p.budget: a gate of that name. `t` is an amount, or an amount with options.
function budget.new(name, t)
  moment.load("budget", name)
  named.check("budget", name, 'p.budget("daily", { ... })')
  t = options.table_of("budget", t, 'an amount such as "100k tokens/day"')
  return named.once("budget", name, show.options(t), function() return make(name, t) end, t.each)
end

return budget
