-- expect: deadline
-- A deadline inside a callback inside a callback.
return function(req)
  local function f(n)
    return (("x"):gsub("x", function()
      if n == 0 then while true do end end
      return pcall(f, n - 1) and "y"
    end))
  end
  while true do pcall(f, 50) end
end
