-- perilune.presets -- the OpenAI-compatible services that need no declaration.
--
-- A name, an address and the environment variable that usually holds the key.
-- `usage = false` marks services that refuse stream_options and send the usage
-- anyway; `stops = false` those that go on, and charge, when one hangs up, as
-- OpenRouter's documentation has it (of itself too, where it goes through them);
-- `limit_as` is what the limit of an answer is called, where that is sure. Those
-- whose address differs per account are examples to copy.

local presets = { known = {}, example = {} }

local function at(name, url, key, quirks)
  local preset = { url = url, key = key }
  for quirk, v in pairs(quirks or {}) do preset[quirk] = v end
  presets.known[name] = preset
end

local RUNS_ON = { stops = false }

at("openai", "https://api.openai.com/v1", "OPENAI_API_KEY", { limit_as = "max_completion_tokens" })
at("anthropic", "https://api.anthropic.com/v1", "ANTHROPIC_API_KEY")
at("gemini", "https://generativelanguage.googleapis.com/v1beta/openai", "GEMINI_API_KEY", RUNS_ON)
at("mistral", "https://api.mistral.ai/v1", "MISTRAL_API_KEY", { usage = false, stops = false })
at("groq", "https://api.groq.com/openai/v1", "GROQ_API_KEY", RUNS_ON)
at("together", "https://api.together.xyz/v1", "TOGETHER_API_KEY")
at("fireworks", "https://api.fireworks.ai/inference/v1", "FIREWORKS_API_KEY")
at("deepseek", "https://api.deepseek.com/v1", "DEEPSEEK_API_KEY")
at("xai", "https://api.x.ai/v1", "XAI_API_KEY")
at("openrouter", "https://openrouter.ai/api/v1", "OPENROUTER_API_KEY", RUNS_ON)
at("perplexity", "https://api.perplexity.ai", "PERPLEXITY_API_KEY", RUNS_ON)
at("cerebras", "https://api.cerebras.ai/v1", "CEREBRAS_API_KEY")
at("sambanova", "https://api.sambanova.ai/v1", "SAMBANOVA_API_KEY", RUNS_ON)
at("deepinfra", "https://api.deepinfra.com/v1/openai", "DEEPINFRA_API_KEY")
at("nebius", "https://api.studio.nebius.ai/v1", "NEBIUS_API_KEY", RUNS_ON)
at("novita", "https://api.novita.ai/v3/openai", "NOVITA_API_KEY")
at("hyperbolic", "https://api.hyperbolic.xyz/v1", "HYPERBOLIC_API_KEY")
at("lambda", "https://api.lambdalabs.com/v1", "LAMBDA_API_KEY", RUNS_ON)
at("siliconflow", "https://api.siliconflow.cn/v1", "SILICONFLOW_API_KEY")
at("moonshot", "https://api.moonshot.ai/v1", "MOONSHOT_API_KEY")
at("zhipu", "https://open.bigmodel.cn/api/paas/v4", "ZHIPUAI_API_KEY")
at("dashscope", "https://dashscope-intl.aliyuncs.com/compatible-mode/v1", "DASHSCOPE_API_KEY",
  RUNS_ON)
at("hunyuan", "https://api.hunyuan.cloud.tencent.com/v1", "HUNYUAN_API_KEY")
at("nvidia", "https://integrate.api.nvidia.com/v1", "NVIDIA_API_KEY")
at("huggingface", "https://router.huggingface.co/v1", "HF_TOKEN", RUNS_ON)
at("github", "https://models.github.ai/inference", "GITHUB_TOKEN")
at("cohere", "https://api.cohere.ai/compatibility/v1", "COHERE_API_KEY")

-- On this machine, without a key.
at("ollama", "http://127.0.0.1:11434/v1")
at("vllm", "http://127.0.0.1:8000/v1")
at("sglang", "http://127.0.0.1:30000/v1")
at("lmstudio", "http://127.0.0.1:1234/v1")
at("llamacpp", "http://127.0.0.1:8080/v1")
at("llamafile", "http://127.0.0.1:8080/v1")
at("tgi", "http://127.0.0.1:8080/v1")

-- An upstream made of arithmetic: no network, no key, no cost.
presets.known.sim = { sim = {} }

presets.example.azure = 'p.provider("azure", { url = "https://NAME.openai.azure.com/openai/v1", '
  .. 'auth = "api-key", key = p.secret "AZURE_OPENAI_API_KEY" })'
presets.example.bedrock = 'p.provider("bedrock", { '
  .. 'url = "https://bedrock-runtime.REGION.amazonaws.com/openai/v1", '
  .. 'key = p.secret "AWS_BEARER_TOKEN_BEDROCK" })'
presets.example.vertex = 'p.provider("vertex", { url = "https://REGION-aiplatform.googleapis.com'
  .. '/v1/projects/PROJECT/locations/REGION/endpoints/openapi", '
  .. 'key = p.secret "VERTEX_ACCESS_TOKEN" })'

return presets
