-- expect: denied
-- The gateway is not the policy's to end.
return function(req)
  os.exit(0)
end
