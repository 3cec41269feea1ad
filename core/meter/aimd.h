/*
** aimd.h -- how many at a time: one more while all goes well, a tenth fewer
** when it is too much.
**
** The only rule that is safe where the time of a call depends on how much it
** says: it looks at overload, rate limits and timeouts, and at no latency. The
** limit grows only while it is nearly used, and shrinks once for all the calls
** that were on their way together. Plain memory; the owner has the lock.
*/
#ifndef METER_AIMD_H
#define METER_AIMD_H

#include "base/nanos.h"

#define AIMD_FIRST 20
#define AIMD_LEAST 1
#define AIMD_MOST  1000

struct aimd {
    double limit; /* 0: AIMD_FIRST, nobody has asked yet */
    nanos cut;    /* when it shrank last */
};

/* How many at a time, now. */
int aimd_limit(const struct aimd *a);

/* One began well while so many were on their way. */
void aimd_well(struct aimd *a, int in_flight);

/* It was too much for one that was sent at that time. */
void aimd_cut(struct aimd *a, nanos sent, nanos now);

#endif
