/*
** aimd.c -- additive increase, multiplicative decrease.
*/
#include "meter/aimd.h"

static double limit_of(const struct aimd *a)
{
    return a->limit > 0 ? a->limit : AIMD_FIRST;
}

int aimd_limit(const struct aimd *a)
{
    return (int)limit_of(a);
}

/* One more for each round of as many as there may be. */
void aimd_well(struct aimd *a, int in_flight)
{
    double limit = limit_of(a);
    if (in_flight * 2 >= (int)limit)
        limit += 1 / limit;
    a->limit = limit < AIMD_MOST ? limit : AIMD_MOST;
}

/* Those that were sent before the last cut are part of its reason. */
void aimd_cut(struct aimd *a, nanos sent, nanos now)
{
    if (a->cut != 0 && sent < a->cut)
        return;
    double limit = limit_of(a) * 0.9;
    a->limit = limit > AIMD_LEAST ? limit : AIMD_LEAST;
    a->cut = now;
}
