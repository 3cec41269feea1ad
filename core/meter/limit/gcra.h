/*
** gcra.h -- a rate with a burst: the generic cell rate algorithm, with amounts.
**
**     debt ^  burst ....................     Taking n adds n to the debt, which
**          |     /|     /|   /|              may not pass the burst. It is paid
**          |    / |\   / |\ / | \            off at `rate.n` per `rate.per`.
**          +----------------------> t        Nothing ticks.
**
** In every time T at most burst + n * T / per units pass: exactly, since debts
** are kept as units * nanoseconds. Who may pass later may be booked at once, so
** that a queue is nothing but instants: nobody passes before the last booked.
**
** Plain memory: no clock, no lock. All zero is a debt of nothing.
*/
#ifndef METER_LIMIT_GCRA_H
#define METER_LIMIT_GCRA_H

#include "meter/limit/wide.h"

struct gcra {
    wide debt;    /* units * rate.per, at the instant `at` */
    nanos at;     /* of the last take */
    uint64_t sum; /* of all units ever taken */
};

/* The first instant, from now on, at which n may pass; NANOS_NEVER when n is
** more than the burst. */
nanos gcra_when(const struct gcra *g, const struct limit_rate *r, int64_t n,
                nanos now);

/* Take n at an instant that gcra_when gave. */
struct taken gcra_take(struct gcra *g, const struct limit_rate *r, int64_t n,
                       nanos at);

/* Of what was taken, n units were not used: they count no longer, as far as
** nobody passed who would have been held up without them. */
void gcra_give(struct gcra *g, const struct limit_rate *r,
               const struct taken *t, int64_t n);

/* So much more was used. The debt may pass the burst, by what one period pays
** off at most. */
void gcra_add(struct gcra *g, const struct limit_rate *r, int64_t n, nanos now);

/* How many could be taken now; when nothing is owed any more. */
int64_t gcra_left(const struct gcra *g, const struct limit_rate *r, nanos now);
nanos gcra_clear(const struct gcra *g, const struct limit_rate *r);

#endif
