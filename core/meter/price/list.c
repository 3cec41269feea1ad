/*
** list.c -- list prices, in dollars per million tokens.
**
** What the providers ask without a contract, at the standard tier, as the public
** table of LiteLLM (1.110, November 2026) had them; those of models that are no
** longer sold (marked "old") as their providers' pages had them last. A policy
** says other prices with p.prices, and `perilune prices import` brings a newer
** table. They stand here and not in Lua, so that a reload does not read them.
*/
#include "meter/price/prices.h"

/* Exact: every list price is a whole number of pico-dollars per token. */
#define PICO(dollars) ((int64_t)((dollars)*1e6 + 0.5))

/* Reasoning costs what other output does. */
#define TIER(above, input, output, cached, write)                              \
    {                                                                          \
        above,                                                                 \
        {                                                                      \
            PICO(input), PICO(output), PICO(cached), PICO(write), PICO(output) \
        }                                                                      \
    }

#define MODEL(provider, name, tiers, ...)                         \
    {                                                             \
        {provider, sizeof provider - 1}, {name, sizeof name - 1}, \
        {                                                         \
            tiers,                                                \
            {                                                     \
                __VA_ARGS__                                       \
            }                                                     \
        }                                                         \
    }

static const struct listed list[] = {
    MODEL("anthropic", "claude-3-haiku-20240307", 1,
          TIER(0, 0.25, 1.25, 0.03, 0.3)), /* old */
    MODEL("anthropic", "claude-haiku-4-5", 1, TIER(0, 1, 5, 0.1, 1.25)),
    MODEL("anthropic", "claude-opus-4-5", 1, TIER(0, 5, 25, 0.5, 6.25)),
    MODEL("anthropic", "claude-sonnet-4-20250514", 1,
          TIER(0, 3, 15, 0.3, 3.75)), /* old */
    MODEL("anthropic", "claude-sonnet-4-5", 1, TIER(0, 3, 15, 0.3, 3.75)),
    MODEL("anthropic", "claude-sonnet-5", 1, TIER(0, 2, 10, 0.2, 2.5)),
    MODEL("deepseek", "deepseek-chat", 1, TIER(0, 0.28, 0.42, 0.028, 0.28)),
    MODEL("deepseek", "deepseek-reasoner", 1, TIER(0, 0.28, 0.42, 0.028, 0.28)),
    MODEL("gemini", "gemini-2.5-flash", 1, TIER(0, 0.3, 2.5, 0.03, 0.3)),
    MODEL("gemini", "gemini-2.5-flash-lite", 1, TIER(0, 0.1, 0.4, 0.01, 0.1)),
    MODEL("gemini", "gemini-2.5-pro", 2, TIER(0, 1.25, 10, 0.125, 1.25),
          TIER(200000, 2.5, 15, 0.25, 2.5)),
    MODEL("mistral", "mistral-large-latest", 1, TIER(0, 0.5, 1.5, 0.05, 0.5)),
    MODEL("mistral", "mistral-small-latest", 1,
          TIER(0, 0.15, 0.6, 0.015, 0.15)),
    MODEL("openai", "gpt-3.5-turbo", 1, TIER(0, 0.5, 1.5, 0.5, 0.5)),
    MODEL("openai", "gpt-4", 1, TIER(0, 30, 60, 30, 30)),
    MODEL("openai", "gpt-4-turbo", 1, TIER(0, 10, 30, 10, 10)),
    MODEL("openai", "gpt-4.1", 1, TIER(0, 2, 8, 0.5, 2)),
    MODEL("openai", "gpt-4.1-mini", 1, TIER(0, 0.4, 1.6, 0.1, 0.4)),
    MODEL("openai", "gpt-4.1-nano", 1, TIER(0, 0.1, 0.4, 0.025, 0.1)),
    MODEL("openai", "gpt-4o", 1, TIER(0, 2.5, 10, 1.25, 2.5)),
    MODEL("openai", "gpt-4o-mini", 1, TIER(0, 0.15, 0.6, 0.075, 0.15)),
    MODEL("openai", "gpt-4o-search-preview", 1, TIER(0, 2.5, 10, 1.25, 2.5)),
    MODEL("openai", "gpt-5", 1, TIER(0, 1.25, 10, 0.125, 1.25)),
    MODEL("openai", "gpt-5-mini", 1, TIER(0, 0.25, 2, 0.025, 0.25)),
    MODEL("openai", "gpt-5-nano", 1, TIER(0, 0.05, 0.4, 0.005, 0.05)),
    MODEL("openai", "gpt-5.1", 1, TIER(0, 1.25, 10, 0.125, 1.25)),
    MODEL("openai", "gpt-5.2", 1, TIER(0, 1.75, 14, 0.175, 1.75)),
    MODEL("openai", "o1", 1, TIER(0, 15, 60, 7.5, 15)),
    MODEL("openai", "o3", 1, TIER(0, 2, 8, 0.5, 2)),
    MODEL("openai", "o3-mini", 1, TIER(0, 1.1, 4.4, 0.55, 1.1)),
    MODEL("openai", "o4-mini", 1, TIER(0, 1.1, 4.4, 0.275, 1.1)),
    MODEL("openai", "text-embedding-3-large", 1, TIER(0, 0.13, 0, 0.13, 0.13)),
    MODEL("openai", "text-embedding-3-small", 1, TIER(0, 0.02, 0, 0.02, 0.02)),
};

const struct listed *prices_listed(int nth)
{
    int n = (int)(sizeof list / sizeof list[0]);
    return nth < n ? &list[nth] : NULL;
}
