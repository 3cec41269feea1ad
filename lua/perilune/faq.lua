-- perilune.faq -- p.faq: written answers to what is often asked.
--
--     p.faq "faq.json"
--
-- The file lies beside the policy and is watched as it is:
--
--     [ { "question": "How do I reset my password?",
--         "keywords": ["forgot", "lost"], "answer": "Go to ..." } ]
--
-- The last message of the user is compared with every question, by its words.
-- `min` says how sure it must be, up to 1, the very words. No function of the
-- author's runs, so it may stand in p.rescue.

local callable = require "perilune.callable"
local core = require "perilune.core"
local moment = require "perilune.moment"
local options = require "perilune.options"
local show = require "perilune.show"

local faq = {}

local MIN = 0.6

local function share(v, name)
  if type(v) ~= "number" or not (v > 0 and v <= 1) then
    options.wrong(v, name, "a number above 0, up to 1")
  end
  return v
end

local function file_of(t)
  if type(t[1]) ~= "string" or t[2] ~= nil then
    core.raise('faq: the first and only item is a file such as "faq.json"; it is '
      .. show.value(t[2] == nil and t[1] or nil))
  end
  return t[1]
end

--- p.faq: a rung that answers from a file, or declines. `req.fault` stays as it
-- was: that a question is none of those is no failure.
function faq.new(t)
  moment.load("faq", t)
  t = options.table_of("faq", t, 'a file such as "faq.json"')
  local read = options.read("faq", t, { min = share })
  local path, min = file_of(t), read.min or MIN
  local text, why = core.read(path)
  if not text then core.raise(('faq: cannot read "%s": %s'):format(path, why)) end
  local answers, wrong = core.faq(text)
  if not answers then core.raise(('faq: "%s": %s'):format(path, wrong)) end
  return callable.new("faq", function(req) return core.faq_answer(answers, req, min) end)
end

return faq
