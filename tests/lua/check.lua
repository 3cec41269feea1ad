-- check -- what a Lua test is written with.
--
--     check.that("an empty list is told so", function()
--       check.raises('P:1: ladder: the list is empty', 'return {}')
--     end)

local fake = require "fake_core"

local check = { passed = 0, failed = 0 }

local function show(v)
  return type(v) == "string" and '"' .. v .. '"' or tostring(v)
end

--- A promise, and the function that proves it.
function check.that(sentence, prove)
  local ok, why = xpcall(prove, function(e) return debug.traceback(e, 2) end)
  print((ok and "ok   " or "not ok ") .. sentence)
  if not ok then print("#    " .. tostring(why):gsub("\n", "\n#    ")) end
  check[ok and "passed" or "failed"] = check[ok and "passed" or "failed"] + 1
end

--- got is want.
function check.is(got, want)
  if got == want then return end
  error(("it is %s\n     not %s"):format(show(got), show(want)), 2)
end

--- The policy raises exactly this while it is loaded.
function check.raises(message, policy, world)
  local ok, why = pcall((world or fake.world()).load, policy)
  if ok then error("nothing was raised; expected " .. message, 2) end
  if why ~= message then
    error(("it says %s\n     not %s"):format(tostring(why), message), 2)
  end
end

--- The policy loads and, asked, raises exactly this.
function check.raises_asked(message, policy, fields)
  local world = fake.world().load(policy)
  local ok, why = pcall(world.ask, fields)
  if ok then error("nothing was raised; expected " .. message, 2) end
  if why ~= message then
    error(("it says %s\n     not %s"):format(tostring(why), message), 2)
  end
end

--- got contains part.
function check.has(got, part)
  if type(got) == "string" and got:find(part, 1, true) then return end
  error(("%s\n     lacks %s"):format(show(got), show(part)), 2)
end

return check
