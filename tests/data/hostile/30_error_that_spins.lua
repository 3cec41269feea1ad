-- expect: error
-- What is raised is not asked for its text.
return function(req)
  error(setmetatable({}, { __tostring = function() while true do end end }))
end
