-- expect: error
-- The same by way of a comparator.
return function(req)
  local function down()
    table.sort({ 2, 1 }, function(a, b) down() return a < b end)
  end
  down()
end
