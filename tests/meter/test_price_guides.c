/*
** test_price_guides.c -- the worked examples of published guides, and where
** their arithmetic is wrong.
**
** Prices are dollars per million tokens, costs nano-dollars: a thousand of them
** are the millionth part of a dollar.
*/
#include "unit.h"

#include "meter/price/price.h"

#define USD 1000000000 /* nano-dollars */

static struct price of(double input, double output, double cached, double write)
{
    struct price p = {.tiers = 1};
    int64_t *rate = p.tier[0].rate;
    CHECK_INT(price_rate(input, &rate[RATE_INPUT]), 0);
    CHECK_INT(price_rate(output, &rate[RATE_OUTPUT]), 0);
    CHECK_INT(price_rate(cached, &rate[RATE_CACHED]), 0);
    CHECK_INT(price_rate(write, &rate[RATE_WRITE]), 0);
    rate[RATE_REASONING] = rate[RATE_OUTPUT];
    return p;
}

static struct price gpt_4o(void)
{
    return of(2.5, 10, 1.25, 2.5);
}

static struct price mini(void)
{
    return of(0.15, 0.6, 0.075, 0.15);
}

static struct price sonnet(void)
{
    return of(3, 15, 0.3, 3.75);
}

static int64_t bill(struct price p, enum usage_form form, struct usage_told t)
{
    int64_t nano = -1;
    t.form = form;
    struct usage u = usage_of(&t);
    CHECK_INT(price_cost(&p, &u, &nano), 0);
    return nano;
}

/* What so many tokens in and out cost. */
static int64_t plain(struct price p, int64_t in, int64_t out)
{
    return bill(p, USAGE_WITHIN,
                (struct usage_told){.input = in, .output = out});
}

static void small_calls_cost_parts_of_a_thousandth(void)
{
    CHECK_INT(plain(mini(), 280, 500), 342000); /* $0.000342 */
    CHECK_INT(plain(mini(), 300, 400), 285000);
    CHECK_INT(plain(mini(), 120, 100), 78000);
    CHECK_INT(plain(mini(), 200, 0),
              30000); /* asking how hard it is: $0.00003 */
}

static void one_token_of_the_cheapest_is_not_free(void)
{
    CHECK_INT(plain(of(0.02, 0, 0.02, 0.02), 1, 0), 20);
    CHECK_INT(plain(of(0.0005, 0, 0, 0), 1, 0), 1);
}

static void a_hundred_thousand_questions_a_day_cost_1350_dollars(void)
{
    int64_t one = plain(sonnet(), 2000, 500);
    CHECK_INT(one, 13500000);
    int64_t day = one * 100000;
    CHECK_INT(day, 1350LL * USD);
    CHECK_INT(day * 365, 492750LL * USD); /* and not 490,500 */
    CHECK_INT(plain(sonnet(), 2000, 0) * 100000, 600LL * USD);
    CHECK_INT(plain(sonnet(), 0, 500) * 100000, 750LL * USD);
    /* two of five need no input; a third of the context is not needed */
    CHECK_INT(plain(sonnet(), 2000, 0) * 40000, 240LL * USD);
    CHECK_INT(plain(sonnet(), 300, 0) * 100000, 90LL * USD);
}

static void a_cached_prompt_costs_a_tenth_at_anthropic_and_half_at_openai(void)
{
    struct usage_told read = {.cached = 1000000};
    CHECK_INT(bill(sonnet(), USAGE_BESIDE, read), USD * 3LL / 10);
    CHECK_INT(plain(sonnet(), 1000000, 0), USD * 3LL);
    read.input = 1000000;
    CHECK_INT(bill(gpt_4o(), USAGE_WITHIN, read) * 2,
              plain(gpt_4o(), 1000000, 0));
}

static void the_bill_of_a_cache_has_four_terms(void)
{
    /* 50 x 3 + 2000 x 0.3 + 1000 x 3.75 + 500 x 15 */
    struct usage_told t = {
        .input = 50, .output = 500, .cached = 2000, .write = 1000};
    CHECK_INT(bill(sonnet(), USAGE_BESIDE, t), 12000000);
    /* the same, by a provider that counts all of it as input */
    t.input = 3050;
    CHECK_INT(bill(sonnet(), USAGE_WITHIN, t), 12000000);
}

static void a_cache_pays_with_its_first_read_and_not_with_its_eighth(void)
{
    int64_t write =
        bill(sonnet(), USAGE_BESIDE, (struct usage_told){.write = 1000});
    int64_t read =
        bill(sonnet(), USAGE_BESIDE, (struct usage_told){.cached = 1000});
    int64_t full = plain(sonnet(), 1000, 0);
    CHECK(write > full);
    CHECK(write + read < 2 * full);
    CHECK_INT((write - full) * 100 / (full - read), 27); /* 0.28 of a read */
}

static void a_system_prompt_of_2000_tokens_saves_five_dollars_a_day(void)
{
    int64_t saved =
        plain(sonnet(), 2000, 0) -
        bill(sonnet(), USAGE_BESIDE, (struct usage_told){.cached = 2000});
    CHECK_INT(saved * 1000, USD * 54LL / 10);
}

static void less_context_saves_what_it_would_have_cost(void)
{
    CHECK_INT(plain(sonnet(), 2000, 0), 6000000);        /* $0.006 a request */
    CHECK_INT(plain(sonnet(), 2000 - 1200, 0), 2400000); /* $0.0024 */
    CHECK_INT(plain(sonnet(), 800, 0) * 1000000, 2400LL * USD);
}

static void a_thousand_tokens_of_mini_cost_a_tenth_of_what_is_said(void)
{
    CHECK_INT(plain(mini(), 1000, 0), 150000); /* $0.00015, and not 0.0015 */
    /* gpt-4o is 16.67 times as much */
    CHECK_INT(plain(gpt_4o(), 1000, 0) * 3, plain(mini(), 1000, 0) * 50);
}

static void blended_prices_are_means_but_for_one(void)
{
    CHECK_INT(plain(mini(), 500, 500), 375000);
    CHECK_INT(plain(sonnet(), 500, 500), 9000000);
    CHECK_INT(plain(of(0.25, 1.25, 0.03, 0.3), 500, 500), 750000);
    CHECK_INT(plain(gpt_4o(), 500, 500), 6250000); /* and not 7,500,000 */
}

static void tokens_are_what_is_paid_and_not_requests(void)
{
    CHECK_INT(plain(gpt_4o(), 100000, 0), 50 * plain(gpt_4o(), 2000, 0));
}

static void embeddings_cost_input_only(void)
{
    CHECK_INT(plain(of(0.02, 0, 0.02, 0.02), 1000000, 0), USD / 50);
    CHECK_INT(plain(of(0.13, 0, 0.13, 0.13), 1000000, 0), USD * 13LL / 100);
}

TESTS(small_calls_cost_parts_of_a_thousandth,
      one_token_of_the_cheapest_is_not_free,
      a_hundred_thousand_questions_a_day_cost_1350_dollars,
      a_cached_prompt_costs_a_tenth_at_anthropic_and_half_at_openai,
      the_bill_of_a_cache_has_four_terms,
      a_cache_pays_with_its_first_read_and_not_with_its_eighth,
      a_system_prompt_of_2000_tokens_saves_five_dollars_a_day,
      less_context_saves_what_it_would_have_cost,
      a_thousand_tokens_of_mini_cost_a_tenth_of_what_is_said,
      blended_prices_are_means_but_for_one,
      tokens_are_what_is_paid_and_not_requests, embeddings_cost_input_only)
