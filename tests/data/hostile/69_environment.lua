-- expect: denied
-- Keys live there.
return function(req)
  return os.getenv "OPENAI_API_KEY"
end
