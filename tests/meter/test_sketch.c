/*
** test_sketch.c -- quantiles of what took how long, lately.
*/
#include "unit.h"

#include "meter/sketch.h"

static struct sketch s;

static void add(int n, nanos time, nanos now)
{
    for (int i = 0; i < n; i++)
        sketch_add(&s, time, now);
}

static bool about(nanos got, nanos want)
{
    bool near = fabs((double)got / (double)want - 1) < 0.05;
    if (!near)
        printf("#    %lld, not about %lld\n", (long long)got, (long long)want);
    return near;
}

static void with_few_times_nothing_is_said(void)
{
    s = (struct sketch){.all = 0};
    add(9, NANOS_S, 0);
    CHECK_INT(sketch_quantile(&s, 0.5, 0), 0);
    add(1, NANOS_S, 0);
    CHECK(about(sketch_quantile(&s, 0.5, 0), NANOS_S));
}

static void quantiles_are_true_to_five_percent(void)
{
    s = (struct sketch){.all = 0};
    for (int ms = 1; ms <= 10000; ms++)
        sketch_add(&s, ms * NANOS_MS, 0);
    CHECK(about(sketch_quantile(&s, 0.5, 0), 5000 * NANOS_MS));
    CHECK(about(sketch_quantile(&s, 0.95, 0), 9500 * NANOS_MS));
    CHECK(about(sketch_quantile(&s, 0.01, 0), 100 * NANOS_MS));
}

static void what_is_too_short_or_too_long_has_a_bucket(void)
{
    s = (struct sketch){.all = 0};
    add(10, 0, 0);
    add(10, (nanos)1 << 61, 0);
    CHECK(sketch_quantile(&s, 0.3, 0) <= NANOS_MS);
    CHECK(sketch_quantile(&s, 1, 0) > 200 * NANOS_S);
}

static void what_is_old_counts_less(void)
{
    s = (struct sketch){.all = 0};
    add(100, NANOS_S, 0);
    add(20, 4 * NANOS_S, 300 * NANOS_S);
    CHECK(about(sketch_quantile(&s, 0.5, 300 * NANOS_S), 4 * NANOS_S));
}

static void after_a_long_silence_nothing_is_known(void)
{
    s = (struct sketch){.all = 0};
    add(100, NANOS_S, 0);
    CHECK(sketch_quantile(&s, 0.5, 60 * NANOS_S) != 0);
    CHECK_INT(sketch_quantile(&s, 0.5, 600 * NANOS_S), 0);
}

TESTS(with_few_times_nothing_is_said, quantiles_are_true_to_five_percent,
      what_is_too_short_or_too_long_has_a_bucket, what_is_old_counts_less,
      after_a_long_silence_nothing_is_known)
