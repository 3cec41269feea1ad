/*
** test_pins.c -- a table that remembers what is young and forgets the rest.
*/
#include "unit.h"

#include "base/mem.h"
#include "meter/pins.h"

static struct pins p;

static void begin(void)
{
    static const uint64_t dice[2] = {7, 9};
    p = (struct pins){.most = 0};
    pins_init(&p);
    pins_seed(&p, dice);
}

static void over(void)
{
    pins_fini(&p);
}

static str name(int i)
{
    static char text[16];
    snprintf(text, sizeof text, "key %d", i);
    return str_of(text);
}

static void what_was_pinned_is_found(void)
{
    begin();
    CHECK_INT(pins_get(&p, STR("a"), 0), 0);
    pins_put(&p, STR("a"), 1, 0, 10);
    pins_put(&p, STR("b"), 2, 0, 10);
    CHECK_INT(pins_get(&p, STR("a"), 0), 1);
    CHECK_INT(pins_get(&p, STR("b"), 9), 2);
    CHECK_INT(pins_get(&p, STR("c"), 0), 0);
    CHECK_INT(pins_get(&p, STR(""), 0), 0);
    over();
}

static void a_pin_moves_and_lasts_anew(void)
{
    begin();
    pins_put(&p, STR("a"), 1, 0, 10);
    pins_put(&p, STR("a"), 2, 5, 15);
    CHECK_INT(pins_get(&p, STR("a"), 14), 2);
    CHECK_INT(pins_count(&p), 1);
    over();
}

static void in_time_it_is_forgotten(void)
{
    begin();
    pins_put(&p, STR("a"), 1, 0, 10);
    CHECK_INT(pins_get(&p, STR("a"), 10), 0);
    pins_put(&p, STR("b"), 2, 10, 20); /* takes the room of the old one */
    CHECK_INT(pins_count(&p), 1);
    over();
}

static void the_oldest_leaves_for_the_newest(void)
{
    begin();
    p.most = 3;
    for (int i = 1; i <= 3; i++)
        pins_put(&p, name(i), (uint64_t)i, 0, 100);
    pins_put(&p, name(1), 1, 1, 100); /* young again */
    pins_put(&p, name(4), 4, 2, 100);
    CHECK_INT(pins_count(&p), 3);
    CHECK_INT(pins_get(&p, name(2), 2), 0);
    CHECK_INT(pins_get(&p, name(1), 2), 1);
    CHECK_INT(pins_get(&p, name(3), 2), 3);
    CHECK_INT(pins_get(&p, name(4), 2), 4);
    over();
}

static void a_hundred_thousand_are_kept_and_no_more(void)
{
    begin();
    for (int i = 0; i < PINS_MOST + 500; i++)
        pins_put(&p, name(i), (uint64_t)i + 1, i, NANOS_NEVER);
    CHECK_INT(pins_count(&p), PINS_MOST);
    CHECK_INT(pins_get(&p, name(499), 0), 0);
    int lost = 0;
    for (int i = 500; i < PINS_MOST + 500; i++)
        lost += pins_get(&p, name(i), 0) != (uint64_t)i + 1;
    CHECK_INT(lost, 0);
    over();
}

static void another_seed_is_another_hash(void)
{
    begin();
    uint64_t dice[2] = {1, 2};
    pins_put(&p, STR("a"), 1, 0, 10);
    pins_seed(&p, dice); /* too late */
    CHECK_INT(pins_get(&p, STR("a"), 0), 1);
    over();
}

static void without_memory_nothing_is_remembered_and_nothing_lost(void)
{
    for (long nth = 1; nth <= 4; nth++) {
        begin();
        for (int i = 0; i < 64; i++)
            pins_put(&p, name(i), (uint64_t)i + 1, 0, 10);
        mem_fail_at(nth, 1);
        for (int i = 64; i < 70; i++)
            pins_put(&p, name(i), (uint64_t)i + 1, 0, 10);
        mem_fail_at(0, 0);
        for (int i = 64; i < 300; i++)
            pins_put(&p, name(i), (uint64_t)i + 1, 0, 10);
        int lost = 0;
        for (int i = 0; i < 300; i++)
            lost += pins_get(&p, name(i), 0) != (uint64_t)i + 1;
        CHECK_INT(lost, 0);
        over();
    }
    begin();
    mem_fail_at(1, 1);
    pins_put(&p, STR("a"), 1, 0, 10);
    mem_fail_at(0, 0);
    CHECK_INT(pins_get(&p, STR("a"), 0), 0);
    pins_put(&p, STR("a"), 1, 0, 10);
    CHECK_INT(pins_get(&p, STR("a"), 0), 1);
    over();
}

static void *put_many(void *first)
{
    for (int i = 0; i < 20000; i++) {
        char text[32];
        snprintf(text, sizeof text, "%s %d", (const char *)first, i % 500);
        pins_put(&p, str_of(text), 5, i, 30000); /* the clocks are apart */
        CHECK_INT(pins_get(&p, str_of(text), i), 5);
    }
    return NULL;
}

static void several_threads_may_pin_at_once(void)
{
    pthread_t other;
    begin();
    CHECK_INT(pthread_create(&other, NULL, put_many, "b"), 0);
    put_many("a");
    pthread_join(other, NULL);
    over();
}

TESTS(what_was_pinned_is_found, a_pin_moves_and_lasts_anew,
      in_time_it_is_forgotten, the_oldest_leaves_for_the_newest,
      a_hundred_thousand_are_kept_and_no_more, another_seed_is_another_hash,
      without_memory_nothing_is_remembered_and_nothing_lost,
      several_threads_may_pin_at_once)
