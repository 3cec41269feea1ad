/*
** timers.h -- which timer comes next.
**
**              due 3
**           /  |   |  \          A 4-ary heap of pointers into the timers'
**         5    4   9   7         owners; each timer knows its own place, so
**       / | \                    stopping one needs no search.
**
** Pure: no clock, no loop. A world owns one and brings the time. Timers due
** at the same instant come out in the order they were started, because a
** simulated world replays by it.
*/
#ifndef NET_TIMERS_H
#define NET_TIMERS_H

#include "net/world.h"

struct timers_entry {
    nanos due;
    uint64_t order; /* of starting; breaks ties */
    struct timer *timer;
};

struct timers {
    struct timers_entry *heap;
    size_t n, cap;
    uint64_t order;
};

/* 0 or ERR_MEMORY. */
int timers_init(struct timers *h);
void timers_fini(struct timers *h);

/* Start a timer, or move it: it then counts as newly started. Moving never
** fails. ERR_MEMORY, the timer not started, only after half the heap was
** filled while there was no memory to grow it. */
int timers_start(struct timers *h, struct timer *t, nanos due);

/* Stop it; a timer that does not run is fine. */
void timers_stop(struct timers *h, struct timer *t);

/* When the next one is due; NANOS_NEVER when none runs. */
nanos timers_due(const struct timers *h);

/* Take out the next timer that is due at `now`, or NULL. It no longer runs;
** the caller fires it. */
struct timer *timers_pop(struct timers *h, nanos now);

#endif
