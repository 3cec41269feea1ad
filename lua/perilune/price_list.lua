-- perilune.price_list -- list prices, in dollars per million tokens.
--
-- What the providers ask without a contract, at the standard tier, as the public
-- table of LiteLLM (1.110, November 2026) had them; those of models that are no
-- longer sold (marked *) as their providers' pages had them last. A policy says
-- other prices with p.prices, and `perilune prices import` brings a newer table.

return {
  ["openai/gpt-3.5-turbo"] = { input = 0.5, output = 1.5 },
  ["openai/gpt-4"] = { input = 30, output = 60 },
  ["openai/gpt-4-turbo"] = { input = 10, output = 30 },
  ["openai/gpt-4.1"] = { input = 2, output = 8, cached = 0.5 },
  ["openai/gpt-4.1-mini"] = { input = 0.4, output = 1.6, cached = 0.1 },
  ["openai/gpt-4.1-nano"] = { input = 0.1, output = 0.4, cached = 0.025 },
  ["openai/gpt-4o"] = { input = 2.5, output = 10, cached = 1.25 },
  ["openai/gpt-4o-mini"] = { input = 0.15, output = 0.6, cached = 0.075 },
  ["openai/gpt-4o-search-preview"] = { input = 2.5, output = 10, cached = 1.25 },
  ["openai/gpt-5"] = { input = 1.25, output = 10, cached = 0.125 },
  ["openai/gpt-5-mini"] = { input = 0.25, output = 2, cached = 0.025 },
  ["openai/gpt-5-nano"] = { input = 0.05, output = 0.4, cached = 0.005 },
  ["openai/gpt-5.1"] = { input = 1.25, output = 10, cached = 0.125 },
  ["openai/gpt-5.2"] = { input = 1.75, output = 14, cached = 0.175 },
  ["openai/o1"] = { input = 15, output = 60, cached = 7.5 },
  ["openai/o3"] = { input = 2, output = 8, cached = 0.5 },
  ["openai/o3-mini"] = { input = 1.1, output = 4.4, cached = 0.55 },
  ["openai/o4-mini"] = { input = 1.1, output = 4.4, cached = 0.275 },
  ["openai/text-embedding-3-large"] = { input = 0.13, output = 0 },
  ["openai/text-embedding-3-small"] = { input = 0.02, output = 0 },

  ["anthropic/claude-3-haiku-20240307"] = -- *
    { input = 0.25, output = 1.25, cached = 0.03, write = 0.3 },
  ["anthropic/claude-haiku-4-5"] = { input = 1, output = 5, cached = 0.1, write = 1.25 },
  ["anthropic/claude-opus-4-5"] = { input = 5, output = 25, cached = 0.5, write = 6.25 },
  ["anthropic/claude-sonnet-4-20250514"] = -- *
    { input = 3, output = 15, cached = 0.3, write = 3.75 },
  ["anthropic/claude-sonnet-4-5"] = { input = 3, output = 15, cached = 0.3, write = 3.75 },
  ["anthropic/claude-sonnet-5"] = { input = 2, output = 10, cached = 0.2, write = 2.5 },

  ["gemini/gemini-2.5-flash"] = { input = 0.3, output = 2.5, cached = 0.03 },
  ["gemini/gemini-2.5-flash-lite"] = { input = 0.1, output = 0.4, cached = 0.01 },
  ["gemini/gemini-2.5-pro"] = { input = 1.25, output = 10, cached = 0.125,
    above = { ["200k tokens"] = { input = 2.5, output = 15, cached = 0.25 } } },

  ["deepseek/deepseek-chat"] = { input = 0.28, output = 0.42, cached = 0.028 },
  ["deepseek/deepseek-reasoner"] = { input = 0.28, output = 0.42, cached = 0.028 },

  ["mistral/mistral-large-latest"] = { input = 0.5, output = 1.5, cached = 0.05 },
  ["mistral/mistral-small-latest"] = { input = 0.15, output = 0.6, cached = 0.015 },
}
