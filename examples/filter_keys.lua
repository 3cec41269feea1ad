-- filter_keys.lua: no reply carries anything that looks like a key.
-- The last 64 bytes always wait, so a key cut in two by the stream is found as well.
local p = require "perilune"

-- Long enough, and not inside of a word: "risk-free" is no key.
local LONG = ("[%w_-]"):rep(16)
local patterns = { "%f[%w]sk%-" .. LONG .. "[%w_-]*", "%f[%w]ghp_%w+", "%f[%w]AKIA%w+" }

local function without_keys(text)
  local clean = text
  for _, pattern in ipairs(patterns) do
    clean = clean:gsub(pattern, "[a key]")
  end
  if clean ~= text then return clean end
end

local guarded = p.filter { p.asked { "openai/*", "sim/*" }, with = without_keys, hold = 64 }
return guarded
