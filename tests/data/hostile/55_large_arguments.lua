-- expect: memory|error|deadline
-- A stack of a million values, over and over.
return function(req)
  local function more(...) return more(1, 2, 3, 4, 5, 6, 7, 8, ...) end
  return more()
end
