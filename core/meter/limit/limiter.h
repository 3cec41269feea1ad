/*
** limiter.h -- one named limit: how much each user (team, feature, ...) may.
**
**     "ann"  ->  10 requests/min   150k tokens/min     all of them, or nothing
**     "bob"  ->  10 requests/min   150k tokens/min     is taken
**
** Names are kept as a keyed hash and nothing else, so nobody's name is in memory
** and nobody outside can choose names that collide. At most LIMITER_MOST are
** remembered; one about whom nothing is left to say makes room for the next, and
** when there is none, the one who came least lately, but never one who still
** holds a place.
**
** The rules are brought with every call: other amounts hold from the next one.
** Times are brought in. It has locks of its own. [any thread]
*/
#ifndef METER_LIMIT_LIMITER_H
#define METER_LIMIT_LIMITER_H

#include <pthread.h>
#include <stdatomic.h>

#include "base/str.h"
#include "meter/limit/rate.h"

#define LIMITER_MOST   65536
#define LIMITER_SHARDS 16
#define LIMIT_PARTS    4
#define LIMIT_UNITS    3

enum limit_unit { COUNT_REQUESTS, COUNT_TOKENS, COUNT_PLACES };

struct limit_part {
    enum limit_unit unit;
    struct limit_rate rate; /* of COUNT_PLACES only n counts */
};

struct limit_rules {
    int n;
    struct limit_part parts[LIMIT_PARTS];
};

/* What was taken: to be settled or undone once, under the same rules. */
struct limit_ticket {
    uint64_t who;
    struct taken parts[LIMIT_PARTS];
};

/* Somebody in line. Embed it; zero it; it stays until limiter_leave. */
struct limit_wait {
    void (*moved)(struct limit_wait *); /* his instant is an earlier one now;
                                        ** [any thread], under a lock */
    struct limit_wait *next, **link;    /* private from here on */
    uint64_t who;
    const struct limit_rules *rules;
    struct limit_ticket *ticket;
    nanos at;
};

/* Who asks for what. */
struct limit_ask {
    str who;
    int64_t tokens;          /* as far as anybody can tell beforehand */
    nanos now, until;        /* the latest instant at which it may pass */
    struct limit_wait *wait; /* joins the line if he must wait; or NULL */
};

enum limit_word {
    LIMIT_PASSES,    /* at `at`, which may be later than now */
    LIMIT_REFUSES,   /* `part` says no; it could pass at `at` */
    LIMIT_TOO_LARGE, /* it asks for more than `part` ever lets pass at once */
    LIMIT_NO_MEMORY
};

/* How a part stands after the verdict. */
struct limit_state {
    int64_t limit, left;
    nanos reset; /* from now: until nothing of it is used; 0: it is so */
};

struct limit_verdict {
    enum limit_word word;
    int part;      /* which says no */
    int64_t asked; /* of that part */
    nanos at;      /* NANOS_NEVER: nobody knows */
    bool in_line;  /* the ask's `wait` has joined it */
    struct limit_state parts[LIMIT_PARTS];
};

struct limiter_shard;

struct limiter {
    uint64_t seed[2];     /* of the hash */
    pthread_mutex_t lock; /* of the seed's choice */
    uint32_t most;        /* names in a shard */
    struct limiter_shard *shards;
    atomic_bool shut; /* it says no to everybody */
};

/* In zeroed memory; and the end of all it holds. */
void limiter_init(void *limiter);
void limiter_fini(void *limiter);

/* Choose how names are hashed, from chance, before the first take; only the
** first time counts. False: there is no memory. */
bool limiter_seed(struct limiter *l, const uint64_t dice[2]);

/* Take one request, its tokens and a place, all or nothing. */
struct limit_verdict limiter_take(struct limiter *l,
                                  const struct limit_rules *rules,
                                  const struct limit_ask *ask,
                                  struct limit_ticket *ticket);

/* What a take would come to, of which nothing is taken. */
struct limit_verdict limiter_peek(struct limiter *l,
                                  const struct limit_rules *rules,
                                  const struct limit_ask *ask);

/* The instant at which it is his turn, as it is now; and out of the line, which
** changes nothing but that he does not move any more. */
nanos limiter_turn(struct limiter *l, const struct limit_wait *w);
void limiter_leave(struct limiter *l, struct limit_wait *w);

/* It has ended: so many tokens it was in truth; its place is free. */
void limiter_settle(struct limiter *l, const struct limit_rules *rules,
                    const struct limit_ticket *ticket, int64_t tokens,
                    nanos now);

/* It came to nothing: all of it counts no longer. */
void limiter_undo(struct limiter *l, const struct limit_rules *rules,
                  const struct limit_ticket *ticket, nanos now);

/* From now on say no to everybody: for a world in which limits are hit. */
void limiter_shut(struct limiter *l);

/* What a limit has seen since it is there. */
struct limiter_counts {
    uint32_t names;          /* that are remembered */
    uint64_t taken, refused; /* requests it let pass, and those it did not */
};

/* Look at that; of a limit that nobody has seeded all is zero. */
struct limiter_counts limiter_look(struct limiter *l);

#endif
