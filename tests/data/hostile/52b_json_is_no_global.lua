-- expect: error
-- JSON is a word of the library, no global.
return function(req)
  return json.encode { req }
end
