-- testing.policies -- which policy is meant: a file beside the test, a built-in
-- one, or the text itself.

local policies = {}

local function folder_of(file)
  return file:match "^(.*/)[^/]*$" or ""
end

local function is_text(policy)
  return policy:find "\n" ~= nil or not policy:find "%.lua$"
end

local function source_of(self, policy)
  if policy == nil then return { name = "policies/default.lua", builtin = true } end
  if is_text(policy) then return { name = "policy", text = policy } end
  local beside = policy:find "^/" and policy or folder_of(self.test.file) .. policy
  local builtin = policy:find "^policies/" and not self.tool.read(beside)
  return { name = builtin and policy or beside, builtin = builtin }
end

--- Put a policy in force: true, or nil and why it does not load.
function policies.load(self, policy)
  return self.world:load(source_of(self, policy))
end

return policies
