-- expect: contained
-- The name of a model forges no header and no word of the path.
local p = require "perilune"
local ask = p.model "sim/x"

return function(req)
  local reply = ask:ask(req, "x\r\nx-forged: 1\r\n\r\n<html>, gpt ok")
  return reply or p.say "well"
end
