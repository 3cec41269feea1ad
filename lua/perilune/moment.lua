-- perilune.moment -- a policy's two moments: load and request.
--
-- At load things are declared and nothing may wait; in a request things are
-- asked and anything may wait. Every constructor begins with moment.load.

local core = require "perilune.core"

local moment = {}

--- Raises unless the policy file is being loaded. `kind` is the constructor's
-- name, `what` what it was called with: a text, or a table that begins with one.
function moment.load(kind, what)
  if not core.in_request() then return end
  if type(what) == "table" then what = what[1] end
  local plain = type(what) == "string" and what:find "^[%w][%w._:/*-]*$" and #what <= 80
    and not what:find("://", 1, true) -- an address may hold a secret
  local said = plain and (' "%s"'):format(what) or ""
  core.raise(('p.%s%s is a declaration; move it above "return function(req)"')
    :format(kind, said))
end

--- Raises unless a request is being answered: `kind` waits for something.
function moment.request(kind)
  if core.in_request() then return end
  core.raise(('p.%s waits, and nothing may wait while the policy is loaded; '
    .. 'move it into "return function(req)"'):format(kind))
end

return moment
