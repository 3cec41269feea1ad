/*
** limit_rig.h -- random arrivals, and a judge who looks at every window.
*/
#ifndef TESTS_METER_LIMIT_RIG_H
#define TESTS_METER_LIMIT_RIG_H

#include "meter/limit/wide.h"
#include "unit.h"

#define ARRIVALS 400

/* One that passed: when it counts, and how many units in truth. */
struct pass {
    nanos at;
    int64_t n;
};

static uint64_t dice_state = 88172645463325252u;

static inline uint64_t dice(uint64_t below)
{
    dice_state ^= dice_state << 13;
    dice_state ^= dice_state >> 7;
    dice_state ^= dice_state << 17;
    return dice_state % below;
}

/* Is every window from one pass to another within burst + rate * T? How many
** are not. Both ends are in the window. */
static inline int over_burst(const struct pass *list, int n,
                             const struct limit_rate *r)
{
    int bad = 0;
    for (int i = 0; i < n; i++) {
        wide sum = 0;
        for (int k = i; k < n; k++) {
            sum = sum + wide_of(list[k].n);
            wide allowed = wide_of(r->burst) * wide_of(r->per) +
                           wide_of(r->n) * wide_of(list[k].at - list[i].at);
            bad += sum * wide_of(r->per) > allowed;
        }
    }
    return bad;
}

/* Is there a time of one period in which more than rate.n passed? */
static inline int over_period(const struct pass *list, int n,
                              const struct limit_rate *r)
{
    int bad = 0;
    for (int i = 0; i < n; i++) {
        wide sum = 0;
        for (int k = i; k < n && list[k].at - list[i].at < r->per; k++)
            sum = sum + wide_of(list[k].n);
        bad += sum > wide_of(r->n);
    }
    return bad;
}

#endif
