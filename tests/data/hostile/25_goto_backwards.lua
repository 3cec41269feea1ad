-- expect: deadline
-- No loop, no call.
return function(req)
  ::top::
  goto top
end
