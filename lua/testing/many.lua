-- testing.many -- the replies of t:ask_many, together.

local failure = require "testing.failure"
local match = require "testing.match"

local many = {}

local Many = {}
Many.__index = Many

local function fits(r, wanted)
  return #failure.compare({}, wanted, function(name) return r[name] end) == 0
end

--- Fail unless each of them fits; the first that does not is shown.
function Many.expect(self, wanted)
  failure.check_wanted(wanted)
  wanted = match.priced(wanted)
  for i, r in ipairs(self) do
    if not fits(r, wanted) then
      local lines = { ("reply %d of %d; %d of them fit"):format(i, #self, self:count(wanted)) }
      failure.compare(lines, wanted, function(name) return r[name] end)
      r.own.scene:explain(lines, r)
      failure.raise(lines)
    end
  end
  return self
end

--- How many fit.
function Many.count(self, wanted)
  local n = 0
  wanted = match.priced(wanted)
  for _, r in ipairs(self) do
    if fits(r, wanted) then n = n + 1 end
  end
  return n
end

--- The seconds within which a share of them ended: many:seconds(0.99).
function Many.seconds(self, share)
  local all = {}
  for i, r in ipairs(self) do all[i] = r.seconds end
  table.sort(all)
  return all[math.max(1, math.ceil(#all * share))]
end

--- A list of replies as one thing.
function many.new(list)
  return setmetatable(list, Many)
end

return many
