-- perilune.secret -- p.secret: a value that can be used as a key and not read.
--
-- The policy holds a name; the value is looked up in C when a call needs it,
-- so a missing key is no error at load: the call declines and says so.

local core = require "perilune.core"
local moment = require "perilune.moment"
local options = require "perilune.options"

local secret = {}

local OPTIONS = { env = options.text, file = options.text }

local specs = {} -- what each secret was made from, by the secret

local function by_name(v)
  if type(v) == "string" and v:find "^[%a_][%w_]*$" then return { env = v } end
  core.raise("secret: a text names an environment variable (letters, digits and _), "
    .. 'such as p.secret "OPENAI_API_KEY"; this one is not shown, in case it is the key')
end

local function spec_of(v)
  local t = options.table_of("secret", v, "the name of an environment variable")
  local read = options.read("secret", t, OPTIONS)
  local ways = #t + (read.env and 1 or 0) + (read.file and 1 or 0)
  if ways ~= 1 then core.raise 'secret: say either env = "NAME" or file = "path"' end
  return read.file and read or by_name(t[1] or read.env)
end

--- p.secret: "NAME" or { env = "NAME" } is an environment variable,
-- { file = "path" } the first line of a file.
function secret.new(v)
  moment.load("secret")
  local spec = spec_of(v)
  local made = core.secret(spec)
  specs[made] = spec
  return made
end

--- The environment variable a secret comes from; nil when it is a file.
function secret.variable(made)
  return specs[made] and specs[made].env
end

return secret
