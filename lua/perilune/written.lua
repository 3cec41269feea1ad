-- perilune.written -- p.say, p.sorry, p.refuse: replies that no model wrote.
--
-- They may be made at load or in a request, and called with a request they
-- return themselves, so they serve after `or` and as items of a list.

local core = require "perilune.core"
local options = require "perilune.options"
local show = require "perilune.show"

local written = {}

local status_of = options.whole(400, 599)

-- A client gets this text as JSON, so it must be UTF-8.
local function check_text(kind, text)
  if type(text) ~= "string" then
    core.raise(("%s: expected a text, not %s"):format(kind, show.value(text)))
  end
  local ok, at = utf8.len(text)
  if not ok then core.raise(("%s: the text is not UTF-8 at byte %d"):format(kind, at)) end
  return text
end

local function text_of(kind, v)
  if type(v) == "table" then
    options.read(kind, v, {})
    v = v[1]
  end
  return check_text(kind, v)
end

--- p.say: a 200 reply with this text, as an assistant's message or stream.
function written.say(text)
  return core.written { kind = "say", text = text_of("say", text) }
end

--- p.sorry: the same, marked `sorry`: the answer when nothing else is left.
function written.sorry(text)
  return core.written { kind = "sorry", text = text_of("sorry", text) }
end

--- p.refuse: an error in the client's dialect, with a status from 400 to 599
-- and x-should-retry: false, which ends the ladder.
function written.refuse(status, text)
  if type(status) == "string" then
    core.raise 'refuse: the status comes first: p.refuse(429, "...")'
  end
  status = status_of(status, "status")
  return core.written { kind = "refuse", status = status, text = check_text("refuse", text) }
end

--- A refusal with a code that SDKs know, such as "model_not_found".
function written.coded(status, code, text)
  return core.written { kind = "refuse", status = status, code = code, text = text }
end

return written
