-- perilune.address -- the checks a provider's url, headers and key must pass.
--
-- What is wrong is said before the first request, and no message repeats a
-- value that may be a key: not a password in a url, not a query, not a key.

local core = require "perilune.core"
local options = require "perilune.options"

local address = {}

local OURS = { host = true, ["content-length"] = true, ["transfer-encoding"] = true,
  connection = true, ["accept-encoding"] = true, ["content-type"] = true, te = true,
  upgrade = true, expect = true, trailer = true }
local AUTH = { "bearer", "x-api-key", "api-key", "x-goog-api-key", "none" }
local MOST_HEADERS, MOST_KEYS = 16, 32

local function port_ok(port)
  local n = tonumber(port)
  return n and n >= 1 and n <= 65535
end

local function host_ok(authority)
  local host, port = authority:match "^(%[[%x:.]+%])(.*)$"
  if not host then host, port = authority:match "^([%w._-]+)(.*)$" end
  if not host then return false end
  return port == "" or port:find "^:%d+$" and port_ok(port:sub(2)) or false
end

--- Checker: http:// or https://, a host and perhaps a path; without a slash
-- at the end.
function address.url(v, name)
  if type(v) ~= "string" then options.wrong(v, name, 'a text such as "https://host/v1"') end
  local authority, path = v:match "^[hH][tT][tT][pP][sS]?://([^/?#]*)(.*)$"
  if v:find "[@]" and (not authority or authority:find "@") then
    core.raise('provider: the url holds a user or password; write key = p.secret "NAME"')
  end
  if v:find "[?#]" then
    core.raise 'provider: the url goes on after its path ("?" or "#"); end it there'
  end
  if not authority and v:find "^[%w_-]+$" then
    core.raise("provider: 'url' is no http:// or https:// url; it is not shown, "
      .. "in case it is the key")
  end
  if not authority then options.wrong(v, name, "an http:// or https:// url") end
  if not host_ok(authority) then
    options.wrong(v, name, "a url with a host and a port from 1 to 65535")
  end
  if path:find "[^%g]" or v:find "[\128-\255]" then
    options.wrong(v, name, "a url of plain characters")
  end
  return (v:gsub("/+$", ""))
end

local function header(field, v)
  if type(field) ~= "string" or not field:find "^[%w!#$%%&'*+.^_`|~-]+$" then
    options.wrong(field, "headers", "a header's name")
  end
  if OURS[field:lower()] then
    core.raise(("provider: the header %s is written by the gateway"):format(field))
  end
  if type(v) ~= "string" or v:find "[%c]" then
    core.raise(("provider: the header %s is not a text on one line"):format(field))
  end
end

--- Checker: { ["name"] = "value" }, at most sixteen.
function address.headers(v, name)
  if type(v) ~= "table" then options.wrong(v, name, 'a table such as { ["x-team"] = "blue" }') end
  local n = 0
  for field, text in pairs(v) do
    header(field, text)
    n = n + 1
  end
  if n > MOST_HEADERS then
    core.raise(("provider: %d headers are too many (at most %d)"):format(n, MOST_HEADERS))
  end
  return v
end

--- Checker: how the key is sent. What else stands there may be the key.
function address.auth(v)
  for _, way in ipairs(AUTH) do
    if v == way then return v end
  end
  core.raise("provider: 'auth' is none of " .. table.concat(AUTH, ", ")
    .. "; it is not shown, in case it is the key")
end

--- Checker: a secret, or a text that could stand in a header.
function address.key(v)
  if core.kind(v) == "secret" then return v end
  if type(v) ~= "string" then
    core.raise('provider: \'key\' is not a secret or a text; write key = p.secret "NAME"')
  end
  if v == "" or v:find "[^%g]" then
    core.raise "provider: 'key' is empty, or holds spaces or characters that no key has"
  end
  return v
end

--- Checker: a list of them.
function address.keys(v, name)
  if type(v) ~= "table" or #v == 0 then
    core.raise 'provider: \'keys\' is not a list such as { p.secret "A", p.secret "B" }'
  end
  if #v > MOST_KEYS then
    core.raise(("provider: %d keys are too many (at most %d)"):format(#v, MOST_KEYS))
  end
  for i in pairs(v) do
    if math.type(i) ~= "integer" or i < 1 or i > #v then
      core.raise "provider: 'keys' is a list, without names and gaps"
    end
  end
  for _, key in ipairs(v) do address.key(key, name) end
  return v
end

return address
