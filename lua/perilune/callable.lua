-- perilune.callable -- what a rung made in Lua is: a name and a function.
--
-- Called with a request it answers (a reply), declines (nil and a fault) or
-- refuses (a reply marked .refused). Models and written replies are the same
-- thing made in C.

local core = require "perilune.core"

local callable = {}

local RUNG = { __name = "perilune.rung", __metatable = false }

local made = {} -- every rung there is; they live as long as the policy

-- A tail call: a rung that waits leaves nothing of ours on the stack.
function RUNG.__call(self, req)
  return self.call(req)
end

function RUNG.__tostring(self)
  return "rung " .. self.name
end

--- A rung. `call(req)` does its work; `author` says whether it runs code of
-- the policy's author, which p.rescue does not take.
function callable.new(name, call, author)
  local rung = setmetatable({ name = name, call = call, author = author or false }, RUNG)
  made[rung] = true
  return rung
end

--- Is this a rung made in Lua?
function callable.is_rung(v)
  return made[v] == true
end

--- Can it be called with a request, as it is?
function callable.ready(v)
  local kind = type(v) == "userdata" and core.kind(v)
  if type(v) == "function" or kind == "model" or kind == "reply" or made[v] then return true end
  local mt = type(v) == "table" and getmetatable(v)
  return type(mt) == "table" and mt.__call ~= nil
end

--- Does it run code of the policy's author?
function callable.authored(v)
  if callable.is_rung(v) then return v.author end
  return type(v) ~= "userdata"
end

--- What it is called in messages.
function callable.name(v)
  if callable.is_rung(v) then return v.name end
  if core.kind(v) == "model" then return v.as or v.name end
  if core.kind(v) == "reply" then return "a written reply" end
  return "a function"
end

return callable
