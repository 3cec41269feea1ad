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

/* One of them, as it stands. */
struct limit_view {
    str name, whose; /* "chat"; "user", or "all": one amount for everybody */
    str counts;      /* "requests/60 tokens/3600": units in so many seconds */
    struct limiter_counts seen;
};

/* Call see(user, view) for each limit that is in use, the oldest first, under
** the realm's lock. */
void limits_each(struct realm *r,
                 void (*see)(void *user, const struct limit_view *),
                 void *user);

/* From now on every limit there is says no. How many there are. */
int limits_shut(struct realm *r);

#endif
