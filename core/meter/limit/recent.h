/*
** recent.h -- what passed within the last period: a sliding log.
**
**     |<------------- per ------------->|
**     x   x x      x    x  x            now      x: when, and how many
**
** In no time of length `per`, wherever it begins, pass more than `rate.n`. Up to
** 64 units are remembered one by one. Of a larger limit the period is cut into
** 63 slots: those that passed in one slot leave together, with the last of
** them. So room may come back a little late, by a 63rd of the period, and never
** early.
**
** Who may pass later may be booked at once, as in gcra.h. No clock, no lock; all
** zero is empty. At most 1 KB, on the heap.
*/
#ifndef METER_LIMIT_RECENT_H
#define METER_LIMIT_RECENT_H

#include "meter/limit/wide.h"

#define RECENT_MOST 64

struct passed {
    nanos at;
    int64_t n;
};

struct recent {
    struct passed *list; /* a ring */
    uint8_t first, n, cap;
    wide sum;
};

/* Let everything go. */
void recent_fini(struct recent *r);

/* Forget what has left the period. */
void recent_drop(struct recent *r, const struct limit_rate *rate, nanos now);

/* Make sure that one more can be remembered; false: there is no memory. */
bool recent_room(struct recent *r);

/* The first instant, from now on, at which n may pass; NANOS_NEVER when n is
** more than the limit. Of what recent_drop left. */
nanos recent_when(const struct recent *r, const struct limit_rate *rate,
                  int64_t n, nanos now);

/* Take n at an instant that recent_when gave; there must be room. */
struct taken recent_take(struct recent *r, const struct limit_rate *rate,
                         int64_t n, nanos at);

/* Of what was taken, n units were not used: they count no longer. */
void recent_give(struct recent *r, const struct limit_rate *rate,
                 const struct taken *t, int64_t n, nanos now);

/* How many could be taken; when nothing is remembered any more. */
int64_t recent_left(const struct recent *r, const struct limit_rate *rate);
nanos recent_clear(const struct recent *r, const struct limit_rate *rate);

#endif
