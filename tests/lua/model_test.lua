-- model: p.model and its names.

local check = require "check"
local fake = require "fake_core"

local p = 'local p = require "perilune"\n'

check.that("options reach the call in seconds", function()
  local world = fake.world().load(p .. [[
    return p.model { "openai/gpt-4o", as = "large", connect = "500ms", first = "10s",
      idle = 30, total = "2min", tries = 2, free = true, on = { content_filtered = "decline" } }]])
  local spec = world.models[1]
  check.is(spec.model, "gpt-4o")
  check.is(spec.as, "large")
  check.is(spec.connect, 0.5)
  check.is(spec.first, 10)
  check.is(spec.idle, 30)
  check.is(spec.total, 120)
  check.is(spec.tries, 2)
  check.is(spec.free, true)
  check.is(spec.on.content_filtered, "decline")
end)

check.that("what it may take is a number of tokens or a refusal", function()
  local world = fake.world().load(p .. [[
    return p.model { "openai/gpt-4o", max_out = "2k tokens",
      most = { image = 2000, audio = "1.5k", file = "refuse", other = 0 } }]])
  local spec = world.models[1]
  check.is(spec.max_out, 2000)
  check.is(spec.most.image, 2000)
  check.is(spec.most.audio, 1500)
  check.is(spec.most.file, "refuse")
  check.is(spec.most.other, 0)
  check.is(spec.most.video, nil)
end)

local function with(options)
  return p .. 'local m = p.model { "openai/a", ' .. options .. " }"
end

check.that("what is no number of tokens is told so", function()
  for _, wrong in ipairs { "0", '"lots"', '"2k usd"', "1.5", '"2M"' } do
    check.raises(("P:2: 'max_out = %s' is not a number of tokens from 1 to 1M, such as "
      .. '"2k tokens"'):format(wrong), with("max_out = " .. wrong))
  end
  check.raises("P:2: 'image = -1' is not a number of tokens, such as 2000, or \"refuse\"",
    with "most = { image = -1 }")
  check.raises("P:2: most: unknown option 'picture' (there are: audio, file, image, kept, other, "
    .. "prediction, tool, video)", with "most = { picture = 1 }")
  check.raises("P:2: 'most = 5' is not a table such as { image = 2000, file = \"refuse\" }",
    with "most = 5")
end)

check.that("a model's name may hold slashes", function()
  local world = fake.world().load 'return "openrouter/meta-llama/llama-3.1-8b"'
  check.is(world.models[1].model, "meta-llama/llama-3.1-8b")
end)

check.that("a name without a provider is told one", function()
  check.raises('P:2: model: "gpt-4o" names no provider; write "openai/gpt-4o"',
    p .. 'local m = p.model "gpt-4o"')
  check.raises('P:2: model: "claude-x" names no provider; write "anthropic/claude-x"',
    p .. 'local m = p.model "claude-x"')
  check.raises('P:2: model: "openai/" is not "provider/model", such as "openai/gpt-4o-mini"',
    p .. 'local m = p.model "openai/"')
end)

check.that("an unknown provider says what to do", function()
  local ok, why = pcall(fake.world().load, p .. 'local m = p.model "opnai/gpt-4o"')
  check.is(ok, false)
  check.has(why, 'P:2: model: there is no provider "opnai" (did you mean "openai"?); declare it '
    .. 'above: p.provider("opnai", { url = "https://host/v1", key = p.secret "NAME" }), '
    .. "or use one of: anthropic, cerebras, cohere,")
end)

check.that("a provider with an address per account shows how to declare it", function()
  check.raises('P:2: model: the address of "azure" is your own; declare it: p.provider("azure", '
    .. '{ url = "https://NAME.openai.azure.com/openai/v1", auth = "api-key", '
    .. 'key = p.secret "AZURE_OPENAI_API_KEY" })', p .. 'local m = p.model "azure/gpt-4o"')
end)

check.that("several models are a ladder, not a model", function()
  check.raises('P:2: model: one model at a time, not 2; a ladder is a list without p.model: '
    .. '{ "openai/a", "openai/b" }', p .. 'local m = p.model { "openai/a", "openai/b" }')
  check.raises('P:2: model: the first item says which, such as "openai/gpt-4o-mini"; it is nil',
    p .. 'local m = p.model { as = "x" }')
  check.raises('P:2: model: expected "provider/model", not 5', p .. "local m = p.model(5)")
end)

check.that("a declaration inside a request is told where it belongs", function()
  check.raises_asked('P:3: p.model "openai/gpt-4o" is a declaration; move it above '
    .. '"return function(req)"', p .. [[
    return function(req)
      local m = p.model "openai/gpt-4o"
      return m(req) end]])
end)

check.that("the same alias with the same options is the same model", function()
  local world = fake.world().load(p .. [[
    local a = p.model { "openai/a", as = "small", first = "1s" }
    local b = p.model { "openai/a", as = "small", first = "1s" }
    return function() return p.say(tostring(rawequal(a, b))) end]])
  check.is(world.ask().said, "true")
end)

check.that("the same alias with others names the first line", function()
  check.raises('P:3: model "small" was declared at P:2 with "openai/a", as = "small"; '
    .. "use that one or another name", p .. [[
    local a = p.model { "openai/a", as = "small" }
    local b = p.model { "openai/b", as = "small" }]])
end)

check.that("on is closed like the other tables", function()
  local ok, why = pcall(fake.world().load,
    p .. 'local m = p.model { "openai/a", on = { content_filter = "decline" } }')
  check.is(ok, false)
  check.has(why, "P:2: on: unknown option 'content_filter' (there are: auth, bad_request,")
  check.has(why, 'did you mean "content_filtered"?')
  check.raises("P:2: 'auth = \"retry\"' is not one of decline, refuse",
    p .. 'local m = p.model { "openai/a", on = { auth = "retry" } }')
  check.raises("P:2: 'not_found = \"again\"' is not one of decline, refuse, retry",
    p .. 'local m = p.model { "openai/a", on = { not_found = "again" } }')
end)

check.that("a kind may be tried again, but for a key or an account at fault", function()
  local world = fake.world().load(p .. 'return p.model { "openai/a", tries = 2, '
    .. 'on = { not_found = "retry", malformed = "retry" } }')
  check.is(world.models[1].on.not_found, "retry")
  check.raises("P:2: 'quota_exhausted = \"retry\"' is not one of decline, refuse",
    p .. 'local m = p.model { "openai/a", on = { quota_exhausted = "retry" } }')
end)
