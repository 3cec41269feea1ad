/*
** test_price.c -- rates are exact, sums are whole, and nothing is negative.
*/
#include "unit.h"

#include <math.h>

#include "base/err.h"
#include "meter/price/price.h"

/* --- setting --------------------------------------------------------------- */

static struct price flat(int64_t input, int64_t output, int64_t cached,
                         int64_t write, int64_t reasoning)
{
    struct price p = {.tiers = 1};
    p.tier[0] = (struct tier){0, {input, output, cached, write, reasoning}};
    return p;
}

static int64_t rate(double dollars)
{
    int64_t r = -1;
    int error = price_rate(dollars, &r);
    return error != 0 ? error : r;
}

static int64_t cost(const struct price *p, struct usage u)
{
    int64_t nano = -1;
    u.known = true;
    int error = price_cost(p, &u, &nano);
    return error != 0 ? error : nano;
}

/* --- rates ----------------------------------------------------------------- */

static void a_dollar_per_million_is_a_million_pico_dollars_per_token(void)
{
    CHECK_INT(rate(1), 1000000);
    CHECK_INT(rate(2.5), 2500000);
    CHECK_INT(rate(0.15), 150000);
    CHECK_INT(rate(0.075), 75000);
    CHECK_INT(rate(0.003625), 3625);
    CHECK_INT(rate(0), 0);
    CHECK_INT(rate(PRICE_MOST), 10000000000);
}

static void what_is_no_price_is_refused(void)
{
    CHECK_INT(rate(-0.000001), ERR_INPUT);
    CHECK_INT(rate(-INFINITY), ERR_INPUT);
    CHECK_INT(rate(NAN), ERR_INPUT);
    CHECK_INT(rate(INFINITY), ERR_INPUT);
    CHECK_INT(rate(strtod("1e400", NULL)), ERR_INPUT);
    CHECK_INT(rate(PRICE_MOST * 1.001), ERR_LIMIT);
    CHECK_INT(rate(1e308), ERR_LIMIT);
}

/* --- sums ------------------------------------------------------------------ */

static void each_kind_of_token_has_its_own_price(void)
{
    struct price p = flat(1000000, 100000000, 10000, 100000, 7000000);
    struct usage u = {.prompt = 111,
                      .completion = 13,
                      .cached = 100,
                      .write = 10,
                      .reasoning = 3};
    /* 1 plain, 100 cached, 10 written, 10 said, 3 thought */
    CHECK_INT(cost(&p, u), 1000 + 1000 + 1000 + 1000000 + 21000);
}

static void a_sum_is_rounded_up_once(void)
{
    struct price p = flat(1, 1, 1, 1, 1);
    CHECK_INT(cost(&p, (struct usage){0}), 0);
    CHECK_INT(cost(&p, (struct usage){.prompt = 1}), 1);
    CHECK_INT(cost(&p, (struct usage){.prompt = 999, .completion = 1}), 1);
    CHECK_INT(cost(&p, (struct usage){.prompt = 1000, .completion = 1}), 2);
    CHECK_INT(cost(&p, (struct usage){.prompt = 4,
                                      .cached = 1,
                                      .write = 1,
                                      .completion = 2,
                                      .reasoning = 1}),
              1);
}

static void a_tier_begins_behind_its_edge_and_holds_for_the_whole_call(void)
{
    struct price p = flat(1000, 10000, 1000, 1000, 10000);
    p.tiers = 3;
    p.tier[1] = (struct tier){200000, {2000, 15000, 1, 1, 15000}};
    p.tier[2] = (struct tier){400000, {3000, 20000, 1, 1, 20000}};
    struct usage u = {.prompt = 200000, .completion = 1};
    CHECK_INT(cost(&p, u), 200010);
    u.prompt = 200001;
    CHECK_INT(cost(&p, u), 400017);
    u.prompt = 400000;
    CHECK_INT(cost(&p, u), 800015);
    u.prompt = 400001;
    CHECK_INT(cost(&p, u), 1200023);
    /* what was cached counts for the edge */
    u = (struct usage){.prompt = 200001, .cached = 200001};
    CHECK_INT(cost(&p, u), 201);
}

static void what_does_not_fit_is_refused(void)
{
    struct price p = flat(INT64_MAX, INT64_MAX, 0, 0, 0);
    CHECK_INT(cost(&p, (struct usage){.prompt = 1001}), ERR_LIMIT);
    CHECK_INT(
        cost(&p, (struct usage){.prompt = INT64_MAX, .completion = INT64_MAX}),
        ERR_LIMIT);
    CHECK_INT(cost(&p, (struct usage){.prompt = 1000}), INT64_MAX);
    p = flat(10000000000, 0, 0, 0, 0); /* the dearest, and the most tokens */
    CHECK_INT(cost(&p, (struct usage){.prompt = 900000000000}),
              9000000000000000000);
    CHECK_INT(cost(&p, (struct usage){.prompt = USAGE_MOST}), ERR_LIMIT);
}

static void what_is_negative_or_does_not_add_up_is_refused(void)
{
    struct price p = flat(1000, 1000, 1000, 1000, 1000);
    struct price minus = flat(1000, -1, 1000, 1000, 1000);
    CHECK_INT(cost(&minus, (struct usage){.completion = 1}), ERR_INPUT);
    CHECK_INT(cost(&p, (struct usage){.prompt = -1}), ERR_INPUT);
    CHECK_INT(cost(&p, (struct usage){.completion = INT64_MIN}), ERR_INPUT);
    CHECK_INT(cost(&p, (struct usage){.prompt = 1, .cached = 2}), ERR_INPUT);
    CHECK_INT(cost(&p, (struct usage){.prompt = 2, .cached = 1, .write = 2}),
              ERR_INPUT);
    CHECK_INT(cost(&p, (struct usage){.completion = 1, .reasoning = 2}),
              ERR_INPUT);
}

static int64_t most(const struct price *p, int64_t in, int64_t out)
{
    int64_t nano = -1;
    int error = price_bound(p, in, out, &nano);
    return error != 0 ? error : nano;
}

static void the_most_is_the_dearest_of_the_kinds_and_of_the_tiers_that_may_hold(
    void)
{
    struct price p = flat(1000, 9000, 500, 2000, 8000);
    CHECK_INT(most(&p, 3, 2), 3 * 2 + 2 * 9);
    p.tiers = 2;
    p.tier[1] = (struct tier){200000, {1500, 7000, 1, 1, 10000}};
    CHECK_INT(most(&p, 3, 2), 3 * 2 + 2 * 9);
    CHECK_INT(most(&p, 200000, 2), 200000 * 2 + 2 * 9);
    CHECK_INT(most(&p, 200001, 2), 200001 * 2 + 2 * 10);
    p = flat(1, 1, 1, 1, 1);
    CHECK_INT(most(&p, 1, 0), 1);
    CHECK_INT(most(&p, 999, 2), 2);
    CHECK_INT(most(&price_free, INT64_MAX, INT64_MAX), 0);
}

static void a_most_that_does_not_fit_is_refused(void)
{
    struct price p = flat(INT64_MAX, INT64_MAX, 0, 0, 0);
    struct price minus = flat(1, 1, 1, 1, -1);
    CHECK_INT(most(&p, INT64_MAX, INT64_MAX), ERR_LIMIT);
    CHECK_INT(most(&p, 1001, 0), ERR_LIMIT);
    CHECK_INT(most(&p, -1, 0), ERR_INPUT);
    CHECK_INT(most(&p, 0, INT64_MIN), ERR_INPUT);
    CHECK_INT(most(&minus, 1, 1), ERR_INPUT);
}

static void an_unknown_usage_has_no_cost_not_even_zero(void)
{
    int64_t nano = 77;
    struct price p = flat(1000, 1000, 1000, 1000, 1000);
    struct usage u = {0};
    CHECK_INT(price_cost(&p, &u, &nano), ERR_INPUT);
    CHECK_INT(nano, 77);
}

static void amounts_add_up_to_a_most(void)
{
    CHECK_INT(price_add(1, 2), 3);
    CHECK_INT(price_add(INT64_MAX - 1, 1), INT64_MAX);
    CHECK_INT(price_add(INT64_MAX - 1, 5), INT64_MAX);
}

static void an_amount_is_written_as_dollars(void)
{
    struct buf b;
    buf_init(&b, 100);
    price_put(&b, 342000);
    buf_byte(&b, ' ');
    price_put(&b, 1350000000001);
    buf_byte(&b, ' ');
    price_put(&b, 0);
    CHECK_STR(buf_str(&b), "0.000342000 1350.000000001 0.000000000");
    buf_fini(&b);
}

/* --- against numbers of any length ----------------------------------------- */

#define LIMBS 10

struct big {
    uint32_t limb[LIMBS]; /* the lowest first */
};

static void big_add_product(struct big *to, uint64_t a, uint64_t b)
{
    uint32_t x[2] = {(uint32_t)a, (uint32_t)(a >> 32)};
    uint32_t y[2] = {(uint32_t)b, (uint32_t)(b >> 32)};
    for (int i = 0; i < 2; i++)
        for (int j = 0; j < 2; j++) {
            uint64_t carry = (uint64_t)x[i] * y[j];
            for (int k = i + j; k < LIMBS; k++) {
                uint64_t sum = to->limb[k] + (carry & UINT32_MAX);
                to->limb[k] = (uint32_t)sum;
                carry = (carry >> 32) + (sum >> 32);
            }
        }
}

/* Divide by a thousand, upwards. */
static void big_thousandth(struct big *n)
{
    uint64_t rest = 0;
    for (int i = LIMBS - 1; i >= 0; i--) {
        uint64_t here = rest << 32 | n->limb[i];
        n->limb[i] = (uint32_t)(here / 1000);
        rest = here % 1000;
    }
    if (rest != 0)
        big_add_product(n, 1, 1);
}

/* -1 when it does not fit. */
static int64_t big_int(const struct big *n)
{
    for (int i = 2; i < LIMBS; i++)
        if (n->limb[i] != 0)
            return -1;
    uint64_t v = (uint64_t)n->limb[1] << 32 | n->limb[0];
    return v > INT64_MAX ? -1 : (int64_t)v;
}

static uint64_t dice = 88172645463325252u;

/* Below `most`, small ones as likely as large ones. */
static int64_t roll(int64_t most)
{
    dice ^= dice << 13;
    dice ^= dice >> 7;
    dice ^= dice << 17;
    uint64_t v = dice >> (dice % 62);
    return (int64_t)(v % ((uint64_t)most + 1));
}

static void any_sum_is_that_of_big_integers(void)
{
    int fits = 0, wrong = 0;
    for (int i = 0; i < 200000; i++) {
        struct price p =
            flat(roll(INT64_MAX - 1), roll(INT64_MAX - 1), roll(INT64_MAX - 1),
                 roll(INT64_MAX - 1), roll(INT64_MAX - 1));
        struct usage u = {.prompt = roll(INT64_MAX - 1),
                          .completion = roll(INT64_MAX - 1)};
        u.cached = roll(u.prompt);
        u.write = roll(u.prompt - u.cached);
        u.reasoning = roll(u.completion);
        struct big sum = {{0}};
        int64_t tokens[RATES] = {u.prompt - u.cached - u.write,
                                 u.completion - u.reasoning, u.cached, u.write,
                                 u.reasoning};
        for (int k = 0; k < RATES; k++)
            big_add_product(&sum, (uint64_t)tokens[k],
                            (uint64_t)p.tier[0].rate[k]);
        big_thousandth(&sum);
        int64_t expected = big_int(&sum), got = cost(&p, u);
        fits += expected >= 0;
        wrong += got != (expected < 0 ? ERR_LIMIT : expected);
    }
    CHECK_INT(wrong, 0);
    CHECK(fits > 20000 && fits < 180000);
}

TESTS(a_dollar_per_million_is_a_million_pico_dollars_per_token,
      what_is_no_price_is_refused, each_kind_of_token_has_its_own_price,
      a_sum_is_rounded_up_once,
      a_tier_begins_behind_its_edge_and_holds_for_the_whole_call,
      what_does_not_fit_is_refused,
      the_most_is_the_dearest_of_the_kinds_and_of_the_tiers_that_may_hold,
      a_most_that_does_not_fit_is_refused,
      what_is_negative_or_does_not_add_up_is_refused,
      an_unknown_usage_has_no_cost_not_even_zero, amounts_add_up_to_a_most,
      an_amount_is_written_as_dollars, any_sum_is_that_of_big_integers)
