-- expect: bad_return|contained|denied
-- A function changes its own environment and nobody else's.
local p = require "perilune"
local ask = p.model "sim/x"

return function(req)
  local setmetatable = setmetatable
  pcall(function() _ENV = { pcall = function() return true end } end)
  local _ENV <const> = setmetatable({}, { __index = function() return function() end end })
  return { action = "allow" }
end
