-- expect: denied
-- There is no table of them.
return function(req)
  _G.last_prompt = req.text
end
