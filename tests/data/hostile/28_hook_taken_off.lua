-- expect: denied
-- Who could take the hook off could stay.
return function(req)
  debug.sethook()
  while true do end
end
