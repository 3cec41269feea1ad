-- expect: denied
-- Only Lua beside the policy, and what is built in.
return function(req)
  local ok = pcall(require, "ffi")
  return require "io"
end
