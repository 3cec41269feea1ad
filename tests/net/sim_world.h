/*
** sim_world.h -- a world without time: the test turns the clock.
**
** Timers fire when world_turn moves the clock over them, in the order of
** their due times; nothing sleeps and nothing is random. Only what the
** simulated upstream needs is there.
*/
#ifndef TESTS_NET_SIM_WORLD_H
#define TESTS_NET_SIM_WORLD_H

#include "net/timers.h"
#include "net/transport.h"
#include "unit.h"

#define VIRTUAL_CALENDAR (1700000000 * NANOS_S)

struct virtual_world {
    struct world base; /* first */
    struct timers timers;
    nanos now;
};

static inline nanos virtual_now(struct world *w)
{
    return ((struct virtual_world *)w)->now;
}

static inline nanos virtual_calendar(struct world *w)
{
    return VIRTUAL_CALENDAR + ((struct virtual_world *)w)->now;
}

static inline void virtual_start(struct world *w, struct timer *t, nanos due)
{
    CHECK_INT(timers_start(&((struct virtual_world *)w)->timers, t, due), 0);
}

static inline void virtual_stop(struct world *w, struct timer *t)
{
    timers_stop(&((struct virtual_world *)w)->timers, t);
}

static inline void virtual_open(struct virtual_world *v)
{
    static const struct world_ops ops = {.now = virtual_now,
                                         .calendar = virtual_calendar,
                                         .timer_start = virtual_start,
                                         .timer_stop = virtual_stop};
    *v = (struct virtual_world){.base.ops = &ops, .now = NANOS_S};
    CHECK_INT(timers_init(&v->timers), 0);
}

static inline void virtual_close(struct virtual_world *v)
{
    CHECK(timers_due(&v->timers) == NANOS_NEVER);
    timers_fini(&v->timers);
}

/* Let so much time pass. */
static inline void virtual_pass(struct virtual_world *v, nanos time)
{
    nanos until = v->now + time;
    while (timers_due(&v->timers) <= until) {
        if (timers_due(&v->timers) > v->now)
            v->now = timers_due(&v->timers);
        struct timer *t = timers_pop(&v->timers, v->now);
        t->fire(t);
    }
    v->now = until;
}

#endif
