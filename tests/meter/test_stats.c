/*
** Counting: what a runtime counts, and what a histogram says of it.
*/
#include "meter/stats.h"

#include <pthread.h>

#include "unit.h"

static void a_counter_begins_at_nothing_and_grows(void)
{
    struct stats s = {0};
    CHECK_INT(stat_get(&s.requests), 0);
    stat_add(&s.requests, 1);
    stat_add(&s.requests, 41);
    CHECK_INT(stat_get(&s.requests), 42);
    CHECK_INT(stat_get(&s.refused), 0);
}

static void a_gauge_goes_down_by_adding_minus_one(void)
{
    struct stats s = {0};
    stat_add(&s.open, 1);
    stat_add(&s.open, 1);
    stat_add(&s.open, (uint64_t)-1);
    CHECK_INT(stat_get(&s.open), 1);
}

static void an_empty_histogram_has_no_quantile(void)
{
    struct histogram h = {0};
    CHECK_INT(histogram_quantile(&h, 0.5), 0);
    CHECK_INT(histogram_quantile(&h, 1), 0);
}

static void a_quantile_is_the_upper_bound_of_its_bucket(void)
{
    struct histogram h = {0};
    histogram_add(&h, 0);
    CHECK_INT(histogram_quantile(&h, 1), 1);
    histogram_add(&h, 1000);
    CHECK_INT(histogram_quantile(&h, 1), 1024);
    CHECK_INT(histogram_quantile(&h, 0.5), 1);
}

static void a_bound_itself_falls_into_the_next_bucket(void)
{
    struct histogram h = {0};
    histogram_add(&h, 1024);
    CHECK_INT(histogram_quantile(&h, 1), 2048);
    struct histogram below = {0};
    histogram_add(&below, 1023);
    CHECK_INT(histogram_quantile(&below, 1), 1024);
}

static void quantiles_divide_the_values_by_their_number(void)
{
    struct histogram h = {0};
    for (int i = 0; i < 90; i++)
        histogram_add(&h, 100);
    for (int i = 0; i < 10; i++)
        histogram_add(&h, 5000);
    CHECK_INT(histogram_quantile(&h, 0.5), 128);
    CHECK_INT(histogram_quantile(&h, 0.9), 128);
    CHECK_INT(histogram_quantile(&h, 0.91), 8192);
    CHECK_INT(histogram_quantile(&h, 0.99), 8192);
}

static void number_and_sum_are_kept(void)
{
    struct histogram h = {0};
    histogram_add(&h, 3);
    histogram_add(&h, 39);
    CHECK_INT(stat_get(&h.n), 2);
    CHECK_INT(stat_get(&h.sum), 42);
}

static void the_last_bucket_takes_all_that_is_longer(void)
{
    struct histogram h = {0};
    histogram_add(&h, UINT64_MAX / 2);
    CHECK_INT(stat_get(&h.bucket[HISTOGRAM_BUCKETS - 1]), 1);
    CHECK_INT(histogram_quantile(&h, 1), (int64_t)1 << 31);
}

#define ROUNDS 100000

static void *write_counter(void *arg)
{
    struct stats *s = arg;
    for (int i = 0; i < ROUNDS; i++) {
        stat_add(&s->requests, 1);
        histogram_add(&s->latency, 7);
    }
    return NULL;
}

static void another_thread_may_read_while_one_writes(void)
{
    static struct stats s;
    pthread_t writer;
    CHECK_INT(pthread_create(&writer, NULL, write_counter, &s), 0);
    uint64_t last = 0;
    bool grows = true;
    while (last < ROUNDS / 2) {
        uint64_t now = stat_get(&s.requests);
        grows = grows && now >= last;
        last = now;
        (void)histogram_quantile(&s.latency, 0.5);
    }
    pthread_join(writer, NULL);
    CHECK(grows);
    CHECK_INT(stat_get(&s.requests), ROUNDS);
    CHECK_INT(stat_get(&s.latency.sum), 7 * ROUNDS);
}

TESTS(a_counter_begins_at_nothing_and_grows,
      a_gauge_goes_down_by_adding_minus_one, an_empty_histogram_has_no_quantile,
      a_quantile_is_the_upper_bound_of_its_bucket,
      a_bound_itself_falls_into_the_next_bucket,
      quantiles_divide_the_values_by_their_number, number_and_sum_are_kept,
      the_last_bucket_takes_all_that_is_longer,
      another_thread_may_read_while_one_writes)
