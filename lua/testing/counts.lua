-- testing.counts -- what upstreams have counted, and what it cost.

local failure = require "testing.failure"
local match = require "testing.match"

local counts = {}

local function counted(self, what, name)
  local n = 0
  for _, upstream in ipairs(self.world:upstreams()) do
    if name == nil or upstream.name == name then n = n + upstream[what] end
  end
  return n
end

local methods = {}

--- How many requests a model has read: "openai/gpt-4o"; all together without a
-- name.
function methods.arrivals(self, name)
  return counted(self, "arrivals", name)
end

--- How many found no connection to it, in the same way.
function methods.refused(self, name)
  return counted(self, "refused", name)
end

--- What a model charged, in dollars, for the replies of which it told what they
-- took; and all together.
function methods.billed(self, name)
  return counted(self, "billed", name)
end

--- How many requests a model read, gave no error for and told no usage of, or has
-- no price of: what it charged for those nobody knows.
function methods.unbilled(self, name)
  return counted(self, "unbilled", name)
end

--- What all requests that have ended cost together, in dollars, as the log has it.
function methods.cost(self)
  local sum = 0
  for _, line in ipairs(self:log()) do
    sum = sum + (line.event == "request" and line.cost_usd or 0)
  end
  return sum
end

--- Add the questions of a scene.
function counts.add(Scene)
  for name, method in pairs(methods) do Scene[name] = method end
end

--- Add what t:expect may say of them: a number for all, or { ["openai/gpt-4o"] = 1 }.
function counts.expect(EXPECT)
  for _, what in ipairs { "arrivals", "refused", "limited", "billed", "unbilled" } do
    local as = what == "billed" and match.money or function(v) return v end
    EXPECT[what] = function(self, wanted, lines)
      if type(wanted) == "table" and not match.is_matcher(wanted) then
        local each = {}
        for name, v in pairs(wanted) do each[name] = as(v) end
        failure.compare(lines, each, function(name) return counted(self, what, name) end,
          what .. " ")
      else
        failure.compare(lines, { [what] = as(wanted) }, function() return counted(self, what) end)
      end
    end
  end

  function EXPECT.cost(self, wanted, lines)
    failure.compare(lines, { cost = match.money(wanted) }, function() return self:cost() end)
  end
end

return counts
