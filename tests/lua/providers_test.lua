-- providers, presets, secret and sim: where models live.

local check = require "check"
local fake = require "fake_core"

local p = 'local p = require "perilune"\n'

local function provider(options)
  return p .. 'local x = p.provider("mine", { ' .. options .. " })"
end

check.that("a provider is an address and a key", function()
  local world = fake.world().load(p .. [[
    p.provider("mine", { url = "https://llm.example.com/v1/", key = p.secret "MY_KEY",
      auth = "api-key", headers = { ["x-team"] = "blue" }, http2 = true, usage = false,
      concurrency = 50, queue = 20, queue_wait = "2s", max_reply = "8MiB" })
    return "mine/m"]])
  local spec = world.providers.mine
  check.is(spec.url, "https://llm.example.com/v1")
  check.is(tostring(spec.key), "secret MY_KEY")
  check.is(spec.key_name, "MY_KEY")
  check.is(spec.auth, "api-key")
  check.is(spec.headers["x-team"], "blue")
  check.is(spec.http2, true)
  check.is(spec.usage, false)
  check.is(spec.concurrency, 50)
  check.is(spec.queue, 20)
  check.is(spec.queue_wait, 2)
  check.is(spec.max_reply, 8 << 20)
end)

check.that("how it takes a limit and a hang-up is said, or known of the usual ones", function()
  local world = fake.world().load(p .. [[
    p.provider("mine", { url = "http://x/v1", limit_as = "max_completion_tokens",
      stops = false, max_out = "8k tokens" })
    p.provider("other", "http://y/v1")
    return { "mine/m", "other/m", "openai/m", "groq/m" }]])
  local of = world.providers
  check.is(of.mine.limit_as, "max_completion_tokens")
  check.is(of.mine.runs_on, true)
  check.is(of.mine.max_out, 8000)
  check.is(of.other.limit_as, nil)
  check.is(of.other.runs_on, false)
  check.is(of.openai.limit_as, "max_completion_tokens")
  check.is(of.openai.runs_on, false)
  check.is(of.groq.runs_on, true)
end)

check.that("somebody else at another url is not known", function()
  local world = fake.world().load(p .. [[
    p.provider("openai", { url = "http://x/v1" })
    p.provider("groq", { stops = true })
    return { "openai/m", "groq/m" }]])
  check.is(world.providers.openai.limit_as, nil)
  check.is(world.providers.groq.runs_on, false)
end)

check.that("the url may stand alone, and then no key is sent", function()
  local world = fake.world().load(p .. 'p.provider("mine", "http://127.0.0.1:9000/v1")\n'
    .. 'return "mine/m"')
  check.is(world.providers.mine.url, "http://127.0.0.1:9000/v1")
  check.is(world.providers.mine.auth, "none")
  check.is(world.providers.mine.key, nil)
  check.is(world.providers.mine.usage, true)
end)

check.that("a known service needs no declaration", function()
  local world = fake.world().load 'return { "openai/a", "ollama/b", "mistral/c" }'
  check.is(world.providers.openai.url, "https://api.openai.com/v1")
  check.is(world.providers.openai.key_name, "OPENAI_API_KEY")
  check.is(world.providers.openai.auth, "bearer")
  check.is(world.providers.ollama.auth, "none")
  check.is(world.providers.mistral.usage, false)
end)

check.that("every known service has a good address", function()
  local world = fake.world()
  for name, preset in pairs(world.require "perilune.presets".known) do
    local ok, why = pcall(world.load, ('return "%s/m"'):format(name))
    check.is(ok or why, true)
    if preset.url then
      check.is(world.require "perilune.address".url(preset.url, "url"), preset.url)
    end
  end
end)

check.that("a known service can be changed, and keeps its key at its address", function()
  local world = fake.world().load(p .. 'p.provider("openai", { concurrency = 9 })\n'
    .. 'return "openai/a"')
  check.is(world.providers.openai.url, "https://api.openai.com/v1")
  check.is(world.providers.openai.key_name, "OPENAI_API_KEY")
  check.is(world.providers.openai.concurrency, 9)
end)

check.that("a queue is bounded, though nobody said so", function()
  local world = fake.world().load(p .. 'p.provider("openai", { concurrency = 9 })\n'
    .. 'return { "openai/a", "groq/b" }')
  check.is(world.providers.openai.queue, 100)
  check.is(world.providers.openai.queue_wait, 30)
  check.is(world.providers.groq.queue, nil)
end)

check.that("a key goes to no host but its own", function()
  local world = fake.world().load(p .. 'p.provider("openai", { url = "http://other/v1" })\n'
    .. 'return "openai/a"')
  check.is(world.providers.openai.key, nil)
  check.is(world.providers.openai.key_name, nil)
end)

check.that("several keys are a pool", function()
  local world = fake.world().load(p .. [[
    p.provider("openai", { keys = { p.secret "A", p.secret { file = "b.txt" }, p.secret "C" } })
    return "openai/a"]])
  local spec = world.providers.openai
  check.is(#spec.keys, 3)
  check.is(tostring(spec.keys[2]), "secret b.txt")
  check.is(spec.key, nil)
  check.is(spec.auth, "bearer")
  check.is(spec.key_name, "A or C")
end)

check.that("a pool is a list of keys, and no message shows one", function()
  local list = 'P:2: provider: \'keys\' is not a list such as { p.secret "A", p.secret "B" }'
  check.raises(list, provider 'url = "http://a", keys = "sk-1"')
  check.raises(list, provider 'url = "http://a", keys = {}')
  check.raises("P:2: provider: 'keys' is a list, without names and gaps",
    provider 'url = "http://a", keys = { "sk-1", b = "sk-2" }')
  check.raises('P:2: provider: \'key\' is not a secret or a text; write key = p.secret "NAME"',
    provider 'url = "http://a", keys = { "sk-1", 5 }')
  check.raises('P:2: provider: "key" and "keys" at once; put all of them into "keys"',
    provider 'url = "http://a", key = "sk-1", keys = { "sk-2" }')
  check.raises('P:2: provider: a key and auth = "none" at once; leave one of them out',
    provider 'url = "http://a", auth = "none", keys = { "sk-2" }')
  local many = provider 'url = "http://a", keys = many'
  check.raises("P:2: provider: 33 keys are too many (at most 32)", (many:gsub("\n",
    '\nlocal many = {} for i = 1, 33 do many[i] = "sk-" .. i end ', 1)))
end)

check.that("another secret is another key", function()
  check.raises('P:3: provider "a" was declared at P:2 with keys = ..., url = "http://x/v1"; '
    .. "use that one or another name", p .. [[
    p.provider("a", { url = "http://x/v1", keys = { p.secret "A" } })
    p.provider("a", { url = "http://x/v1", keys = { p.secret "B" } })]])
end)

check.that("a change after the first use is told where that was", function()
  check.raises('P:3: provider "openai" was used at P:2 already; declare it above that', p .. [[
    local m = p.model "openai/a"
    p.provider("openai", { concurrency = 9 })]])
end)

check.that("the same name with other options names the first line", function()
  check.raises('P:3: provider "a" was declared at P:2 with url = "http://x/v1"; '
    .. "use that one or another name", p .. [[
    p.provider("a", { url = "http://x/v1" })
    p.provider("a", { url = "http://y/v1" })]])
end)

check.that("another key is another provider, and no message shows it", function()
  check.raises('P:3: provider "a" was declared at P:2 with key = ..., url = "http://x/v1"; '
    .. "use that one or another name", p .. [[
    p.provider("a", { url = "http://x/v1", key = "one" })
    p.provider("a", { url = "http://x/v1", key = "two" })]])
end)

check.that("an unknown option lists the known ones", function()
  check.raises("P:2: provider: unknown option 'base_url' (there are: auth, concurrency, headers, "
    .. 'http2, key, keys, limit_as, max_out, max_reply, queue, queue_wait, sim, stops, url, '
    .. 'usage); did you mean "url"?',
    provider 'base_url = "x"')
end)

check.that("options that contradict each other are told so", function()
  check.raises('P:2: provider: "url" and "sim" at once; a provider is one or the other',
    provider 'url = "http://a", sim = {}')
  check.raises('P:2: provider: "mine" needs an address: url = "https://host/v1"',
    provider "http2 = true")
  check.raises('P:2: provider: auth = "api-key" needs a key; write key = p.secret "NAME"',
    provider 'url = "http://a", auth = "api-key"')
  check.raises('P:2: provider: a key and auth = "none" at once; leave one of them out',
    provider 'url = "http://a", auth = "none", key = "k"')
end)

check.that("a name is plain", function()
  check.raises('P:2: provider: "a/b" is not a name (letters, digits and . _ -)',
    p .. 'p.provider("a/b", "http://a")')
end)

check.that("a provider belongs to load", function()
  check.raises_asked('P:2: p.provider "x" is a declaration; move it above '
    .. '"return function(req)"', p .. 'return function() local x = p.provider("x", {}) end')
end)

check.that("a sim follows a script in seconds", function()
  local world = fake.world().load(p .. [[
    p.provider("shaky", { sim = { seed = 7, latency = "300ms", fails = 503, times = 2,
      drips = "10ms" } })
    return "shaky/m"]])
  local sim = world.providers.shaky.sim
  check.is(sim.latency, 0.3)
  check.is(sim.fails, 503)
  check.is(sim.times, 2)
  check.is(sim.drips, 0.01)
  check.raises("P:2: 'fails = 200' is not a whole number from 400 to 599",
    provider "sim = { fails = 200 }")
  check.is(fake.world().load 'return "sim/any"' ~= nil, true)
end)

check.that("a secret is a name, and what may be a key is not repeated", function()
  check.raises("P:2: secret: a text names an environment variable (letters, digits and _), such as"
    .. ' p.secret "OPENAI_API_KEY"; this one is not shown, in case it is the key',
    p .. 'local s = p.secret "sk-proj-123"')
  check.raises('P:2: secret: say either env = "NAME" or file = "path"',
    p .. "local s = p.secret {}")
  check.raises('P:2: secret: say either env = "NAME" or file = "path"',
    p .. 'local s = p.secret { "A", file = "b" }')
  check.is(tostring(fake.world().require "perilune.secret".new { file = "key.txt" }),
    "secret key.txt")
end)

check.that("has says whether a provider can be asked", function()
  local world = fake.world()
  world.env.OPENAI_API_KEY = "k"
  local p_of = world.require "perilune"
  check.is(p_of.has "openai", true)
  check.is(p_of.has "anthropic", false)
  check.is(p_of.has "ollama", true)
  check.is(p_of.has "azure", false)
  check.is(pcall(p_of.has, "opnai"), false)
  world.load(p .. 'p.provider("mine", { url = "http://a", key = p.secret "MINE" })\n'
    .. 'return "mine/m"')
  check.is(p_of.has "mine", false)
  world.env.MINE = "k"
  check.is(p_of.has "mine", true)
  world = fake.world().load(p .. 'p.provider("two", { url = "http://a", '
    .. 'keys = { p.secret "A", p.secret "B" } })\nreturn "two/m"')
  p_of = world.require "perilune"
  check.is(p_of.has "two", false)
  world.env.B = "k"
  check.is(p_of.has "two", true)
end)
