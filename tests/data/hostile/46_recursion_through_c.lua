-- expect: error
-- A frame of C for each call.
return function(req)
  local function down() return (("a"):gsub("a", function() return down() end)) end
  return down()
end
