/*
** test_key_state.c -- a key in trouble is left alone for as long as it helps.
*/
#include "meter/key_state.h"

#include <pthread.h>

#include "unit.h"

#define NOW (1000 * NANOS_S)

static struct key_state k;

static void begin(void)
{
    memset(&k, 0, sizeof k);
}

static void a_key_of_which_nothing_is_known_is_used(void)
{
    begin();
    CHECK(key_take(&k, NOW) && key_take(&k, NOW));
    CHECK_INT(key_wait(&k, NOW), 0);
}

static void a_limited_key_comes_back_at_its_time_for_everybody(void)
{
    begin();
    key_troubled(&k, KEY_LIMITED, 7 * NANOS_S, NOW);
    CHECK(!key_take(&k, NOW + 6 * NANOS_S));
    CHECK_INT(key_wait(&k, NOW + 5 * NANOS_S), 2 * NANOS_S);
    CHECK(key_take(&k, NOW + 7 * NANOS_S) && key_take(&k, NOW + 7 * NANOS_S));
}

static void a_limit_without_a_time_is_a_second(void)
{
    begin();
    key_troubled(&k, KEY_LIMITED, 0, NOW);
    CHECK_INT(key_wait(&k, NOW), NANOS_S);
}

static void a_limit_for_ever_is_a_day(void)
{
    begin();
    key_troubled(&k, KEY_LIMITED, NANOS_NEVER, NOW);
    CHECK_INT(key_wait(&k, NOW), 24 * 3600 * NANOS_S);
}

static void a_refused_key_is_tried_by_one_after_ten_minutes(void)
{
    begin();
    key_troubled(&k, KEY_REFUSED, 0, NOW);
    CHECK(!key_take(&k, NOW + 599 * NANOS_S));
    CHECK(key_take(&k, NOW + 600 * NANOS_S));
    CHECK(!key_take(&k, NOW + 600 * NANOS_S));
    CHECK(!key_take(&k, NOW + 629 * NANOS_S));
    CHECK(key_take(&k, NOW + 630 * NANOS_S)); /* the first never came back */
}

static void a_refused_key_that_works_is_fine(void)
{
    begin();
    key_troubled(&k, KEY_REFUSED, 0, NOW);
    CHECK(key_take(&k, NOW + 600 * NANOS_S));
    key_works(&k);
    CHECK(key_take(&k, NOW + 600 * NANOS_S) &&
          key_take(&k, NOW + 601 * NANOS_S));
}

static void a_spent_key_is_away_as_long_as_is_said(void)
{
    begin();
    key_troubled(&k, KEY_SPENT, 3600 * NANOS_S, NOW);
    CHECK_INT(key_wait(&k, NOW), 3600 * NANOS_S);
    begin();
    key_troubled(&k, KEY_SPENT, 0, NOW);
    CHECK_INT(key_wait(&k, NOW), 600 * NANOS_S);
}

static void a_success_ends_no_limit_and_a_limit_no_refusal(void)
{
    begin();
    key_troubled(&k, KEY_LIMITED, 7 * NANOS_S, NOW);
    key_works(&k);
    CHECK(!key_take(&k, NOW));
    key_troubled(&k, KEY_REFUSED, 0, NOW);
    key_troubled(&k, KEY_LIMITED, NANOS_S, NOW);
    CHECK_INT(key_wait(&k, NOW), 600 * NANOS_S);
}

static void each_trouble_is_told_once(void)
{
    begin();
    CHECK(key_untold(&k, KEY_REFUSED) && !key_untold(&k, KEY_REFUSED));
    key_works(&k);
    CHECK(!key_untold(&k, KEY_REFUSED));
    CHECK(key_untold(&k, KEY_SPENT));
}

#define THREADS 4

static atomic_int tries;

static void *try_it(void *arg)
{
    (void)arg;
    for (int i = 0; i < 10000; i++)
        if (key_take(&k, NOW + 600 * NANOS_S))
            atomic_fetch_add(&tries, 1);
    return NULL;
}

static void of_all_threads_one_tries(void)
{
    pthread_t threads[THREADS];
    begin();
    tries = 0;
    key_troubled(&k, KEY_REFUSED, 0, NOW);
    for (int i = 0; i < THREADS; i++)
        CHECK_INT(pthread_create(&threads[i], NULL, try_it, NULL), 0);
    for (int i = 0; i < THREADS; i++)
        pthread_join(threads[i], NULL);
    CHECK_INT(tries, 1);
}

TESTS(a_key_of_which_nothing_is_known_is_used,
      a_limited_key_comes_back_at_its_time_for_everybody,
      a_limit_without_a_time_is_a_second, a_limit_for_ever_is_a_day,
      a_refused_key_is_tried_by_one_after_ten_minutes,
      a_refused_key_that_works_is_fine, a_spent_key_is_away_as_long_as_is_said,
      a_success_ends_no_limit_and_a_limit_no_refusal, each_trouble_is_told_once,
      of_all_threads_one_tries)
