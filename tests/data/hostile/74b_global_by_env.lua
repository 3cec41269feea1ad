-- expect: denied
-- The environment is as closed by its other name.
return function(req)
  _ENV.last_prompt = req.text
end
