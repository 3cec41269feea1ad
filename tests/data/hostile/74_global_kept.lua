-- expect: denied
-- What one request leaves, the next could read.
return function(req)
  last_prompt = req.text
end
