/*
** test_retry_budget.c -- a fifth of the load, three in any case, no more.
*/
#include "meter/retry_budget.h"

#include <stdatomic.h>

#include "unit.h"

static struct retry_budget b;

static void load(int n, nanos now)
{
    for (int i = 0; i < n; i++)
        retry_budget_load(&b, now);
}

static int take_all(nanos now)
{
    int n = 0;
    while (n < 100000 && retry_budget_take(&b, now))
        n++;
    return n;
}

static void three_are_always_there(void)
{
    retry_budget_init(&b);
    CHECK_INT(take_all(5 * NANOS_S), 3);
    CHECK_INT(take_all(14 * NANOS_S), 0);
    CHECK_INT(take_all(15 * NANOS_S), 3);
    retry_budget_fini(&b);
}

static void a_fifth_of_the_load_may_be_tried_again(void)
{
    retry_budget_init(&b);
    load(1000, NANOS_S);
    CHECK_INT(take_all(NANOS_S), 200);
    CHECK_INT(take_all(9 * NANOS_S), 0);
    load(10, 9 * NANOS_S);
    CHECK_INT(take_all(9 * NANOS_S), 2);
    retry_budget_fini(&b);
}

static void what_is_older_than_ten_seconds_counts_no_more(void)
{
    retry_budget_init(&b);
    load(1000, NANOS_S);
    CHECK_INT(take_all(11 * NANOS_S), 3);
    load(100, 1000 * NANOS_S);
    CHECK_INT(take_all(1000 * NANOS_S), 20);
    CHECK_INT(take_all(1009 * NANOS_S), 0);
    CHECK_INT(take_all(1010 * NANOS_S), 3);
    retry_budget_fini(&b);
}

static void a_thread_whose_time_lags_gives_nothing_away(void)
{
    retry_budget_init(&b);
    load(1000, 100 * NANOS_S);
    CHECK_INT(take_all(99 * NANOS_S), 200);
    CHECK_INT(take_all(0), 0);
    CHECK_INT(take_all(100 * NANOS_S), 0);
    retry_budget_fini(&b);
}

static void over_any_time_no_more_than_a_fifth_is_added(void)
{
    retry_budget_init(&b);
    int loads = 0, takes = 0;
    for (nanos now = 0; now < 100 * NANOS_S; now += 10 * NANOS_MS) {
        load(1, now);
        loads++;
        takes += retry_budget_take(&b, now) + retry_budget_take(&b, now);
    }
    CHECK(takes <= loads / 5 + 3);
    CHECK(takes >= loads / 5 - 3);
    retry_budget_fini(&b);
}

#define THREADS 4
#define ROUNDS  20000

static atomic_int taken;

static void *hammer(void *arg)
{
    (void)arg;
    for (int i = 0; i < ROUNDS; i++) {
        retry_budget_load(&b, NANOS_S);
        if (retry_budget_take(&b, NANOS_S))
            atomic_fetch_add(&taken, 1);
    }
    return NULL;
}

static void threads_share_it(void)
{
    pthread_t threads[THREADS];
    retry_budget_init(&b);
    taken = 0;
    for (int i = 0; i < THREADS; i++)
        CHECK_INT(pthread_create(&threads[i], NULL, hammer, NULL), 0);
    for (int i = 0; i < THREADS; i++)
        pthread_join(threads[i], NULL);
    CHECK(taken <= THREADS * ROUNDS / 5 + 3);
    CHECK_INT(taken + take_all(NANOS_S), THREADS * ROUNDS / 5);
    retry_budget_fini(&b);
}

TESTS(three_are_always_there, a_fifth_of_the_load_may_be_tried_again,
      what_is_older_than_ten_seconds_counts_no_more,
      a_thread_whose_time_lags_gives_nothing_away,
      over_any_time_no_more_than_a_fifth_is_added, threads_share_it)
