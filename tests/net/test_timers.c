/*
** test_timers.c -- the heap of timers.
*/
#include "net/timers.h"

#include "unit.h"

#define MANY 500

static struct timers heap;

/* A small generator of numbers; the seed is the test's. */
static unsigned next_number(unsigned *state)
{
    *state = *state * 1664525u + 1013904223u;
    return *state >> 16;
}

static void an_empty_heap_has_nothing_due(void)
{
    CHECK_INT(timers_init(&heap), 0);
    CHECK(timers_due(&heap) == NANOS_NEVER);
    CHECK(timers_pop(&heap, NANOS_NEVER) == NULL);
    timers_fini(&heap);
}

static void they_come_out_by_their_due_times(void)
{
    static struct timer t[MANY];
    unsigned state = 7;
    nanos last = -1;
    struct timer *out;
    timers_init(&heap);
    memset(t, 0, sizeof t);
    for (int i = 0; i < MANY; i++)
        CHECK_INT(timers_start(&heap, &t[i], next_number(&state)), 0);
    for (int i = 0; i < MANY; i++) {
        nanos due = timers_due(&heap);
        out = timers_pop(&heap, NANOS_NEVER);
        CHECK(out != NULL && out->due == due && due >= last);
        CHECK(out != NULL && !timer_running(out));
        last = due;
    }
    CHECK(timers_pop(&heap, NANOS_NEVER) == NULL);
    timers_fini(&heap);
}

static void equal_dues_keep_the_order_of_starting(void)
{
    static struct timer t[MANY];
    timers_init(&heap);
    memset(t, 0, sizeof t);
    for (int i = 0; i < MANY; i++)
        timers_start(&heap, &t[i], i % 3);
    timers_start(&heap, &t[0], 0); /* started anew: now the last of its due */
    for (int i = 3; i < MANY; i += 3)
        CHECK(timers_pop(&heap, 0) == &t[i]);
    CHECK(timers_pop(&heap, 0) == &t[0]);
    for (int due = 1; due < 3; due++)
        for (int i = due; i < MANY; i += 3)
            CHECK(timers_pop(&heap, due) == &t[i]);
    CHECK(!timer_running(&t[1]));
    timers_fini(&heap);
}

static void nothing_comes_out_before_it_is_due(void)
{
    struct timer t = {.slot = 0};
    timers_init(&heap);
    timers_start(&heap, &t, 10);
    CHECK(timers_pop(&heap, 9) == NULL);
    CHECK(timers_pop(&heap, 10) == &t);
    timers_fini(&heap);
}

static void a_stopped_timer_never_comes_out(void)
{
    static struct timer t[MANY];
    unsigned state = 11;
    nanos last = -1;
    int left = 0;
    timers_init(&heap);
    memset(t, 0, sizeof t);
    for (int i = 0; i < MANY; i++)
        timers_start(&heap, &t[i], next_number(&state));
    for (int i = 0; i < MANY; i += 2)
        timers_stop(&heap, &t[i]);
    timers_stop(&heap, &t[0]); /* twice is fine */
    for (struct timer *out; (out = timers_pop(&heap, NANOS_NEVER)) != NULL;) {
        CHECK((out - t) % 2 == 1 && out->due >= last);
        last = out->due;
        left++;
    }
    CHECK_INT(left, MANY / 2);
    timers_fini(&heap);
}

static void a_timer_can_be_moved_both_ways(void)
{
    static struct timer t[9];
    timers_init(&heap);
    memset(t, 0, sizeof t);
    for (int i = 0; i < 9; i++)
        timers_start(&heap, &t[i], 10 + i);
    timers_start(&heap, &t[8], 1);
    timers_start(&heap, &t[0], 100);
    CHECK(timers_pop(&heap, NANOS_NEVER) == &t[8]);
    CHECK(timers_pop(&heap, NANOS_NEVER) == &t[1]);
    for (int i = 2; i < 8; i++)
        CHECK(timers_pop(&heap, NANOS_NEVER) == &t[i]);
    CHECK(timers_pop(&heap, NANOS_NEVER) == &t[0]);
    timers_fini(&heap);
}

static void a_refused_allocation_costs_no_timer(void)
{
    static struct timer t[40];
    timers_init(&heap);
    memset(t, 0, sizeof t);
    mem_fail_at(1, 1); /* half the heap can be filled before it must grow */
    for (int i = 0; i < 40; i++)
        CHECK_INT(timers_start(&heap, &t[i], i), 0);
    mem_fail_at(0, 0);
    for (int i = 0; i < 40; i++)
        CHECK(timers_pop(&heap, NANOS_NEVER) == &t[i]);
    timers_fini(&heap);
}

static void without_memory_a_full_heap_says_so(void)
{
    static struct timer t[MANY];
    int refused = 0;
    timers_init(&heap);
    memset(t, 0, sizeof t);
    mem_fail_at(1, 1);
    for (int i = 0; i < MANY; i++)
        if (timers_start(&heap, &t[i], i) != 0) {
            CHECK(!timer_running(&t[i]));
            refused++;
        }
    CHECK(refused > 0);
    CHECK_INT(timers_start(&heap, &t[0], 1000), 0); /* moving never fails */
    mem_fail_at(0, 0);
    timers_fini(&heap);
}

TESTS(an_empty_heap_has_nothing_due, they_come_out_by_their_due_times,
      equal_dues_keep_the_order_of_starting, nothing_comes_out_before_it_is_due,
      a_stopped_timer_never_comes_out, a_timer_can_be_moved_both_ways,
      a_refused_allocation_costs_no_timer, without_memory_a_full_heap_says_so)
