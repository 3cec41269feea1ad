/*
** test_prices.c -- the table of prices by name.
*/
#include "unit.h"

#include <stdio.h>

#include "base/err.h"
#include "meter/price/prices.h"

static struct price of(int64_t input)
{
    struct price p = {.tiers = 1};
    p.tier[0].rate[RATE_INPUT] = input;
    return p;
}

static int64_t input_of(const struct prices *p, const char *provider,
                        const char *model)
{
    const struct price *found = prices_find(p, str_of(provider), str_of(model));
    return found != NULL ? found->tier[0].rate[RATE_INPUT] : -1;
}

static void a_model_without_a_price_has_none(void)
{
    struct prices p = {{NULL}};
    struct arena arena;
    arena_init(&arena);
    CHECK_INT(input_of(&p, "up", "gpt"), -1);
    CHECK_INT(
        prices_set(&p, &arena, STR("up/gpt"), &(struct price){.tiers = 1}), 0);
    CHECK_INT(input_of(&p, "up", "gpt"), 0);
    CHECK_INT(input_of(&p, "down", "gpt"), -1);
    CHECK_INT(input_of(&p, "up", "gp"), -1);
    arena_fini(&arena);
}

static void a_later_price_takes_the_place_of_an_earlier(void)
{
    struct prices p = {{NULL}};
    struct arena arena;
    struct price first = of(1), second = of(2);
    arena_init(&arena);
    prices_set(&p, &arena, STR("a/b/c"), &first);
    prices_set(&p, &arena, STR("a/b/c"), &second);
    CHECK_INT(input_of(&p, "a", "b/c"), 2);
    arena_fini(&arena);
}

static void a_name_needs_a_provider(void)
{
    struct prices p = {{NULL}};
    struct arena arena;
    struct price price = of(1);
    arena_init(&arena);
    CHECK_INT(prices_set(&p, &arena, STR("gpt-4o"), &price), ERR_INPUT);
    arena_fini(&arena);
}

static void list_prices_can_be_and_hold_until_others_are_set(void)
{
    struct prices p = {{NULL}};
    struct arena arena;
    const struct listed *at;
    int n = 0;
    arena_init(&arena);
    for (; (at = prices_listed(n)) != NULL; n++) {
        const struct tier *tier = at->price.tier;
        CHECK(prices_find(&p, at->provider, at->model) == &at->price);
        CHECK(tier->rate[RATE_INPUT] > 0 &&
              tier->rate[RATE_CACHED] <= tier->rate[RATE_INPUT] &&
              tier->rate[RATE_WRITE] >= tier->rate[RATE_INPUT] &&
              tier->rate[RATE_REASONING] == tier->rate[RATE_OUTPUT]);
    }
    CHECK(n > 20);
    CHECK_INT(input_of(&p, "openai", "gpt-4o"), 2500000);
    CHECK_INT(input_of(&p, "openai", "gpt-4o-mini"), 150000);
    CHECK_INT(input_of(&p, "anthropic", "claude-sonnet-4-5"), 3000000);
    struct price price = of(7);
    prices_set(&p, &arena, STR("openai/gpt-4o"), &price);
    CHECK_INT(input_of(&p, "openai", "gpt-4o"), 7);
    arena_fini(&arena);
}

static void thousands_of_them_are_all_found(void)
{
    struct prices p = {{NULL}};
    struct arena arena;
    char name[32];
    int wrong = 0;
    arena_init(&arena);
    for (int i = 0; i < 5000; i++) {
        struct price price = of(i);
        snprintf(name, sizeof name, "p%d/m%d", i % 7, i);
        prices_set(&p, &arena, str_of(name), &price);
    }
    for (int i = 0; i < 5000; i++) {
        char provider[16], model[16];
        snprintf(provider, sizeof provider, "p%d", i % 7);
        snprintf(model, sizeof model, "m%d", i);
        wrong += input_of(&p, provider, model) != i;
    }
    CHECK_INT(wrong, 0);
    arena_fini(&arena);
}

TESTS(a_model_without_a_price_has_none,
      a_later_price_takes_the_place_of_an_earlier, a_name_needs_a_provider,
      list_prices_can_be_and_hold_until_others_are_set,
      thousands_of_them_are_all_found)
