-- testing.request -- what a client sends: t:ask "hello", or t:ask { text = "hello", ... }.

local core = require "perilune.core"
local json = require "testing.json"
local options = require "perilune.options"

local request = {}

local function list(v, name)
  if type(v) ~= "table" then options.wrong(v, name, "a list") end
  return v
end

local function fields(v, name)
  if type(v) ~= "table" then options.wrong(v, name, 'a table such as { ["x-team"] = "blue" }') end
  return v
end

local function body(v, name)
  if type(v) ~= "table" and type(v) ~= "string" then options.wrong(v, name, "a table or a text") end
  return v
end

local SAYS = { id = options.text, user = options.text, team = options.text,
  feature = options.text, models = list, metadata = fields, limits = list, budgets = list,
  admin = options.flag }

-- The record of a key.
local function key(v, name)
  local record = options.read(name, fields(v, name), SAYS)
  record.id = record.id or "key_of_the_test"
  return record
end

local OPTIONS = {
  text = options.text,            -- the message of the user
  system = options.text,          -- the instructions before it
  messages = list,                -- in place of both
  model = options.text,           -- what the client names
  stream = options.flag,
  max_tokens = options.whole(1, 1000000000),
  tools = list,
  user = options.text,            -- who asks
  session = options.text,
  key = key,                      -- what the client's key says: { user = "ann", admin = true }
  headers = fields,               -- { ["x-team"] = "blue" }
  body = body,                    -- more fields; a text is the whole body as it is
  path = options.text,            -- another endpoint
  method = options.text,
  leaves = options.duration,      -- the client leaves after so long
  every = options.duration,       -- t:ask_many: so long from one to the next
}

local function messages_of(o)
  if o.messages then return o.messages end
  local messages = {}
  if o.system then messages[1] = { role = "system", content = o.system } end
  messages[#messages + 1] = { role = "user", content = o.text or "hello" }
  return messages
end

local function body_of(o, quote)
  if type(o.body) == "string" then return o.body end
  local all = { model = o.model or "any", messages = messages_of(o), stream = o.stream,
    max_tokens = o.max_tokens, tools = o.tools }
  for name, v in pairs(o.body or {}) do all[name] = v end
  return json.encode(all, quote)
end

local function headers_of(o)
  local headers = { { "content-type", "application/json" } }
  local function add(name, v)
    if v then headers[#headers + 1] = { name, v } end
  end
  add("x-perilune-user", o.user)
  add("x-perilune-session", o.session)
  local names = {}
  for name in pairs(o.headers or {}) do names[#names + 1] = name end
  table.sort(names)
  for _, name in ipairs(names) do add(name, o.headers[name]) end
  return headers
end

--- A guest out of what the author wrote: { method, path, headers, body }, and
-- the options as they were read.
function request.read(what, quote)
  if type(what) == "string" then what = { text = what } end
  if type(what) ~= "table" or #what > 0 then
    core.raise 't:ask: expected a text, or a table such as { text = "hello", stream = true }'
  end
  local o = options.read("t:ask", what, OPTIONS)
  local method = o.method or "POST"
  return {
    method = method,
    path = o.path or "/v1/chat/completions",
    headers = headers_of(o),
    body = method == "POST" and body_of(o, quote) or "",
    key = o.key and json.encode(o.key, quote),
  }, o
end

return request
