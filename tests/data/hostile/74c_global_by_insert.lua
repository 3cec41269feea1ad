-- expect: denied
-- And by a function that writes.
return function(req)
  table.insert(_ENV, 1, req.text)
end
