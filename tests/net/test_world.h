/*
** test_world.h -- a world whose clock stands still until a test moves it.
**
** Sockets are real and belong to a libev loop; time, timers and what is to be
** done later belong to the test: world_step lets one turn of the loop pass,
** world_pass lets time pass. Nothing sleeps.
*/
#ifndef TESTS_TEST_WORLD_H
#define TESTS_TEST_WORLD_H

#include <ev.h>

#include "net/timers.h"
#include "net/world.h"

struct test_world {
    struct world base;
    struct ev_loop *loop;
    struct timers timers;
    nanos now;
    struct later *first, **last;
};

static inline struct test_world *test_world_of(struct world *w)
{
    return (struct test_world *)w;
}

static inline nanos test_world_now(struct world *w)
{
    return test_world_of(w)->now;
}

/* The clock counts from this instant: Sun, 06 Nov 1994 08:49:37 GMT. */
static inline nanos test_world_calendar(struct world *w)
{
    return 784111777 * NANOS_S + test_world_of(w)->now - NANOS_S;
}

static inline void test_world_start(struct world *w, struct timer *t, nanos due)
{
    timers_start(&test_world_of(w)->timers, t, due);
}

static inline void test_world_stop(struct world *w, struct timer *t)
{
    timers_stop(&test_world_of(w)->timers, t);
}

static inline void test_world_later(struct world *w, struct later *l)
{
    struct test_world *t = test_world_of(w);
    if (l->queued)
        return;
    l->queued = true;
    l->next = NULL;
    *t->last = l;
    t->last = &l->next;
}

static inline void world_run_later(struct test_world *t)
{
    struct later *l;
    while ((l = t->first) != NULL) {
        t->first = l->next;
        if (t->first == NULL)
            t->last = &t->first;
        l->queued = false;
        l->run(l);
    }
}

static inline void world_open(struct test_world *t)
{
    static const struct world_ops ops = {
        .now = test_world_now,
        .calendar = test_world_calendar,
        .timer_start = test_world_start,
        .timer_stop = test_world_stop,
        .later = test_world_later,
    };
    *t = (struct test_world){.base = {&ops}, .now = NANOS_S};
    t->last = &t->first;
    t->loop = ev_loop_new(EVFLAG_AUTO);
    timers_init(&t->timers);
}

static inline void world_close(struct test_world *t)
{
    world_run_later(t);
    timers_fini(&t->timers);
    ev_loop_destroy(t->loop);
}

/* One turn of the loop. */
static inline void world_step(struct test_world *t)
{
    world_run_later(t);
    ev_run(t->loop, EVRUN_NOWAIT);
    world_run_later(t);
}

/* As many turns as anything of a test's needs. */
static inline void world_settle(struct test_world *t)
{
    for (int i = 0; i < 8; i++)
        world_step(t);
}

/* Time passes, at once; what is due fires in order. */
static inline void world_pass(struct test_world *t, nanos length)
{
    struct timer *due;
    world_settle(t);
    t->now += length;
    while ((due = timers_pop(&t->timers, t->now)) != NULL)
        due->fire(due);
    world_run_later(t);
    world_settle(t);
}

#endif
