/*
** seats.h -- the names a limiter remembers, in shards with a lock each. Private
** to the limiter.
*/
#ifndef METER_LIMIT_SEATS_H
#define METER_LIMIT_SEATS_H

#include "meter/limit/gcra.h"
#include "meter/limit/line.h"
#include "meter/limit/limiter.h"
#include "meter/limit/recent.h"

/* What one name has used of one part: one of these, as its rules say. */
struct seat_part {
    union {
        struct gcra gcra;
        struct recent recent;
        int64_t held;
    };
};

struct seat {
    uint64_t who;
    uint32_t next;           /* in its slot; 0: none */
    uint32_t younger, older; /* by use; seats[0] closes the list */
    bool held;               /* a place is: it is not to be forgotten */
    uint8_t listed;          /* bits: the parts that are lists */
    nanos busy;              /* from then on nothing is left to say of it */
    struct seat_part parts[LIMIT_PARTS];
};

/* The shard of a hashed name. */
struct limiter_shard *shard_of(struct limiter *l, uint64_t who);

/* Lock it, and unlock it. Its time never goes back: what it takes for now. */
nanos shard_enter(struct limiter_shard *shard, nanos now);
void shard_leave(struct limiter_shard *shard);

/* Those who wait in it; what it has counted, but for names. */
struct limit_line *shard_line(struct limiter_shard *shard);
struct limiter_counts *shard_counts(struct limiter_shard *shard);

/* The seat of a name, or NULL; and one made where there is none, NULL without
** memory. It holds until the next call. */
struct seat *shard_find(struct limiter_shard *shard, uint64_t who);
struct seat *shard_seat(struct limiter_shard *shard, uint64_t who, nanos now);

#endif
