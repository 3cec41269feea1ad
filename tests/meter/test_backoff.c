/*
** test_backoff.c -- a random part of a bound that doubles up to eight seconds.
*/
#include "meter/backoff.h"

#include "unit.h"

#define ALMOST UINT32_MAX

static void near(nanos got, nanos want)
{
    CHECK(got <= want && got > want - NANOS_US);
}

static void the_bound_doubles_up_to_eight_seconds(void)
{
    near(backoff(1, ALMOST), NANOS_S / 2);
    near(backoff(2, ALMOST), NANOS_S);
    near(backoff(3, ALMOST), 2 * NANOS_S);
    near(backoff(4, ALMOST), 4 * NANOS_S);
    near(backoff(5, ALMOST), 8 * NANOS_S);
    near(backoff(6, ALMOST), 8 * NANOS_S);
    near(backoff(1000000, ALMOST), 8 * NANOS_S);
}

static void the_wait_is_anywhere_below_it(void)
{
    CHECK_INT(backoff(1, 0), 0);
    CHECK_INT(backoff(1, 1u << 31), NANOS_S / 4);
    CHECK_INT(backoff(9, 1u << 30), 2 * NANOS_S);
}

static void odd_counts_are_the_first(void)
{
    near(backoff(0, ALMOST), NANOS_S / 2);
    near(backoff(-7, ALMOST), NANOS_S / 2);
}

TESTS(the_bound_doubles_up_to_eight_seconds, the_wait_is_anywhere_below_it,
      odd_counts_are_the_first)
