-- expect: deadline
-- Calls that leave no frame behind.
return function(req)
  local function again() return again() end
  return again()
end
