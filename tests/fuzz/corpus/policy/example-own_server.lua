-- own_server.lua: a model server of your own first, a service only when it is full or down.
-- Anything that speaks OpenAI's chat completions will do: vllm, llama.cpp, ollama, ...
local p = require "perilune"

p.provider("rack", {
  url = "http://127.0.0.1:8000/v1",
  concurrency = 8,             -- more than that wait their turn here
  headers = { ["x-team"] = "blue" },
})

local ours = p.model { "rack/llama-3.1-8b-instruct", as = "ours", connect = "200ms", first = "5s" }

return { ours, "openai/gpt-4o-mini" }
