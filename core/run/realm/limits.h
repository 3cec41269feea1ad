/*
** limits.h -- the limits among what runtimes share: they outlive every policy.
*/
#ifndef RUN_REALM_LIMITS_H
#define RUN_REALM_LIMITS_H

#include "meter/limit/limiter.h"
#include "run/realm/realm.h"

/* The limit of that name and shape (what it counts, for whom, in which periods;
** not how many). Another shape is another limit and starts empty: *emptied says
** that this is so, once. NULL: no memory, or there are too many. */
struct limiter *limits_share(struct realm *r, str name, str shape,
                             const uint64_t dice[2], bool *emptied);

/* From now on every limit there is says no. How many there are. */
int limits_shut(struct realm *r);

#endif
