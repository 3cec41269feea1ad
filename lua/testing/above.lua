-- testing.above -- a budget that stands above what costs nothing.
--
--     return daily(req) or answers(req) or large(req)
--     return { daily, answers, large }
--
-- Whoever has spent his budget is refused by `daily`, and loses what would have
-- been free. Only what is plain to see is told: locals, one after another in what
-- is returned or in a list, and behind the free one something that costs. At the
-- end of a ladder written answers are for failures, and a budget stands above them
-- rightly; so does one that only declines.

local text = require "testing.text"

local above = {}

-- Words of p whose rungs answer from what is there, and charge nobody.
local FREE = { faq = true }
-- Words whose rungs may cost.
local PAID = { model = true, asked = true, balance = true, race = true, hedge = true,
  sticky = true, ladder = true, filter = true }

-- What each local of the text is: "budget", "free" or "paid".
local function kinds_of(whole)
  local kinds = { ['""'] = "paid" } -- a model by its name
  for name, word in text.bare(whole):gmatch "local%s+([%a_][%w_]*)%s*=%s*p%.([%a_]+)%s*[{(\"]" do
    kinds[name] = word == "budget" and "budget" or FREE[word] and "free" or PAID[word] and "paid"
  end
  local code = text.without_comments(whole)
  for name, options in code:gmatch "local%s+([%a_][%w_]*)%s*=%s*p%.budget%s*(%b())" do
    if options:find "over%s*=%s*[\"']decline" then kinds[name] = nil end
  end
  return kinds
end

-- The names in a piece of code, in order, each with where it stands.
local function names_in(code, pattern, offset, kinds)
  local list = {}
  for at, name in code:gmatch(pattern) do
    if kinds[name] then
      list[#list + 1] = { name = name, kind = kinds[name], at = offset + at }
    end
  end
  return list
end

-- A budget, later something free, and later still something that costs.
local function misplaced(list, found)
  local budget, free
  for _, one in ipairs(list) do
    if one.kind == "budget" then
      budget, free = budget or one, nil
    elseif one.kind == "free" then
      free = budget and one
    elseif free then
      found[#found + 1] = { at = budget.at, name = budget.name, free = free.name }
      return
    end
  end
end

-- Expressions that are returned, and lists: where each begins, and its text.
local function pieces(code)
  local list = {}
  for at, expression in code:gmatch "%f[%w_]return%f[^%w_]()(.-)%f[%w_]end%f[^%w_]" do
    list[#list + 1] = { at = at, code = expression, pattern = "()([%a_][%w_]*)%s*%(%s*req%s*%)" }
  end
  for at, items in code:gmatch "()(%b{})" do
    list[#list + 1] = { at = at, code = items, pattern = '()%f[%w_"]([%w_"]+)%s*[,}]' }
  end
  return list
end

--- The budgets in a policy's text that stand above free answers: a list of
-- { line =, name =, free = }.
function above.find(whole)
  local code, kinds, found = text.bare(whole), kinds_of(whole), {}
  for _, piece in ipairs(pieces(code)) do
    misplaced(names_in(piece.code, piece.pattern, piece.at - 1, kinds), found)
  end
  for _, one in ipairs(found) do one.line = text.line(code, one.at) end
  return found
end

return above
