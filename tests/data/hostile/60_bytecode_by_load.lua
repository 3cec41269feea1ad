-- expect: denied
-- Bytecode that was not compiled here can break the machine.
return function(req)
  return load("\27Lua\84\0\25\147", "x", "b")()
end
