/*
** test_gcra.c -- a rate with a burst, exact in every window.
*/
#include "limit_rig.h"

#include "meter/limit/gcra.h"

static struct gcra g;

/* Take n if it may pass at once. */
static bool passes(const struct limit_rate *r, int64_t n, nanos now)
{
    if (gcra_when(&g, r, n, now) > now)
        return false;
    gcra_take(&g, r, n, now);
    return true;
}

static const struct limit_rate ten = {.n = 10, .per = 1000, .burst = 5};

static void the_burst_passes_at_once_and_then_the_rate(void)
{
    g = (struct gcra){0};
    for (int i = 0; i < 5; i++)
        CHECK(passes(&ten, 1, 0));
    CHECK(!passes(&ten, 1, 99));
    CHECK(passes(&ten, 1, 100));
    CHECK(!passes(&ten, 1, 199));
    CHECK_INT(gcra_when(&g, &ten, 1, 150), 200);
    CHECK_INT(gcra_when(&g, &ten, 3, 150), 400);
}

static void a_rate_that_does_not_divide_is_exact(void)
{
    const struct limit_rate seven = {.n = 7, .per = 1000, .burst = 1};
    g = (struct gcra){0};
    nanos now = 0;
    for (int i = 0; i < 700; i++) {
        now = gcra_when(&g, &seven, 1, now);
        gcra_take(&g, &seven, 1, now);
    }
    /* the 700th passes when 699 units are paid off, each rounded up alone */
    CHECK(now >= 699 * 1000 / 7 && now <= 699 * 143);
    g = (struct gcra){0};
    const struct limit_rate three = {.n = 3, .per = 10, .burst = 3};
    CHECK(passes(&three, 3, 0));
    CHECK(!passes(&three, 1, 3));
    CHECK(passes(&three, 1, 4));
    CHECK(!passes(&three, 2, 9));
    CHECK(passes(&three, 2, 10)); /* 3 paid off in 10, 1 of them taken */
}

static void more_than_the_burst_never_passes(void)
{
    g = (struct gcra){0};
    CHECK(gcra_when(&g, &ten, 6, 0) == NANOS_NEVER);
    CHECK(gcra_when(&g, &ten, 5, 0) == 0);
}

static void whoever_waits_is_booked_in_order(void)
{
    g = (struct gcra){0};
    gcra_take(&g, &ten, 5, 0);
    for (int i = 1; i <= 3; i++) {
        nanos at = gcra_when(&g, &ten, 1, 10);
        CHECK_INT(at, 100 * i);
        gcra_take(&g, &ten, 1, at);
    }
    CHECK_INT(gcra_when(&g, &ten, 0, 10), 300); /* nobody overtakes */
}

static void what_was_not_used_may_be_taken_again(void)
{
    g = (struct gcra){0};
    struct taken t = gcra_take(&g, &ten, 5, 0);
    CHECK_INT(gcra_left(&g, &ten, 0), 0);
    gcra_give(&g, &ten, &t, 3);
    CHECK_INT(gcra_left(&g, &ten, 0), 3);
    CHECK_INT(gcra_clear(&g, &ten), 200);
}

static void a_gift_lets_nobody_pass_twice(void)
{
    const struct limit_rate r = {.n = 1000, .per = 1000, .burst = 1000};
    g = (struct gcra){0};
    struct taken t = gcra_take(&g, &r, 1000, 0);
    CHECK(passes(&r, 900, 900));
    gcra_give(&g, &r, &t, 1000);
    CHECK(!passes(&r, 200, 900));
    CHECK(passes(&r, 100, 900));
    g = (struct gcra){0};
    t = gcra_take(&g, &r, 1000, 0);
    CHECK(passes(&r, 100, 2000)); /* all paid off meanwhile */
    gcra_give(&g, &r, &t, 600);
    CHECK(!passes(&r, 901, 2000));
}

static void an_absurd_usage_is_worked_off_in_a_period_and_the_burst(void)
{
    g = (struct gcra){0};
    gcra_take(&g, &ten, 1, 0);
    gcra_add(&g, &ten, INT64_MAX, 0);
    CHECK_INT(gcra_clear(&g, &ten), 1500);
    CHECK_INT(gcra_when(&g, &ten, 1, 0), 1100);
}

static void amounts_of_2_to_the_63rd_hold(void)
{
    const struct limit_rate huge = {
        .n = INT64_MAX, .per = 31 * (nanos)86400 * NANOS_S, .burst = INT64_MAX};
    g = (struct gcra){0};
    CHECK(passes(&huge, INT64_MAX, 0));
    CHECK(!passes(&huge, INT64_MAX, huge.per - 1));
    CHECK(passes(&huge, INT64_MAX, huge.per));
    const struct limit_rate r53 = {
        .n = (int64_t)1 << 53, .per = NANOS_S, .burst = (int64_t)1 << 53};
    g = (struct gcra){0};
    CHECK(passes(&r53, ((int64_t)1 << 53) - 1, 0));
    CHECK(passes(&r53, 1, 0));
    CHECK(!passes(&r53, 1, 0));
}

static void a_changed_amount_holds_from_the_next_take(void)
{
    struct limit_rate r = {.n = 10, .per = 1000, .burst = 10};
    g = (struct gcra){0};
    CHECK(passes(&r, 10, 0));
    r.burst = 20;
    CHECK(passes(&r, 10, 0));
    r.n = 1;
    r.burst = 2;
    CHECK(!passes(&r, 1, 18999)); /* 20 are owed, and one more may be */
    CHECK(passes(&r, 1, 19000));
}

static void a_clock_that_steps_back_gives_nothing_away(void)
{
    g = (struct gcra){0};
    CHECK(passes(&ten, 5, 10000));
    CHECK(!passes(&ten, 1, 0));
    CHECK_INT(gcra_when(&g, &ten, 1, 0), 10100);
}

/* --- every window ---------------------------------------------------------- */

/* Random arrivals of random sizes, some of which wait, some of which turn out
** smaller, later, in any order. */
static void storm(const struct limit_rate *r)
{
    struct pass list[ARRIVALS];
    struct taken taken[ARRIVALS];
    int n = 0;
    nanos now = 0;
    g = (struct gcra){0};
    for (int i = 0; i < ARRIVALS; i++) {
        now += (nanos)dice(5) == 0 ? (nanos)dice(3000) : (nanos)dice(60);
        int64_t units = (int64_t)dice((uint64_t)r->burst + 2);
        nanos at = gcra_when(&g, r, units, now);
        if (at == NANOS_NEVER || at > now + (nanos)dice(300))
            continue;
        taken[n] = gcra_take(&g, r, units, at);
        list[n++] = (struct pass){at, units};
        int back = (int)dice((uint64_t)n);
        if (dice(2) == 0 && list[back].n == taken[back].n) {
            int64_t gift = (int64_t)dice((uint64_t)list[back].n + 1);
            gcra_give(&g, r, &taken[back], gift);
            list[back].n -= gift;
        }
    }
    CHECK(n > 20);
    CHECK_INT(over_burst(list, n, r), 0);
}

static void every_window_of_random_arrivals_holds(void)
{
    for (int round = 0; round < 60; round++) {
        struct limit_rate r = {.n = 1 + (int64_t)dice(100),
                               .per = 1 + (nanos)dice(2000),
                               .burst = 1 + (int64_t)dice(40)};
        storm(&r);
    }
}

TESTS(the_burst_passes_at_once_and_then_the_rate,
      a_rate_that_does_not_divide_is_exact, more_than_the_burst_never_passes,
      whoever_waits_is_booked_in_order, what_was_not_used_may_be_taken_again,
      a_gift_lets_nobody_pass_twice,
      an_absurd_usage_is_worked_off_in_a_period_and_the_burst,
      amounts_of_2_to_the_63rd_hold, a_changed_amount_holds_from_the_next_take,
      a_clock_that_steps_back_gives_nothing_away,
      every_window_of_random_arrivals_holds)
