/*
** target.h -- what is known of one model of one provider.
**
**     visit_enter --> visit_sent --> visit_begun --> visit_ended
**        | open, full      (first token)                 |
**        '--> nobody is asked          visit_left <------'  (cancelled)
**
** A target is shared by the workers of a process and outlives every version
** of the policy: its breaker, how many calls are on their way, how long first
** tokens take lately, how many at a time it bears. A visit is one call's way
** through it; it lies in the call, and whoever entered ends it exactly once.
**
** Times to the first token are what is measured. A whole reply has none, so it
** counts by what its first tokens would have taken at its pace: a long answer
** is no slow one. The time is brought in. [any thread]
*/
#ifndef METER_TARGET_H
#define METER_TARGET_H

#include "meter/aimd.h"
#include "meter/breaker.h"
#include "meter/headroom.h"
#include "meter/limit/ration.h"
#include "meter/sketch.h"

#define TARGET_ADAPTIVE (-1) /* as many at a time as it bears */

/* How a policy wants it guarded. */
struct target_rules {
    struct breaker_rules breaker;
    bool unbroken;   /* without a breaker */
    int concurrency; /* at a time, of all workers; 0: any number */
    nanos slow;      /* a first token later than this is a failure; 0: none */
    const struct ration *ration; /* what we allow ourselves; NULL: any */
};

struct target {
    pthread_mutex_t lock; /* of the rest but the breaker, which has its own */
    struct breaker breaker;
    int in_flight;
    struct fading cost;   /* peak EWMA of the first token, in nanos */
    struct fading ghosts; /* failures, as if they were still on their way */
    bool barred; /* it rests because key, account or name was refused */
    nanos rests; /* it said not before then */
    struct aimd aimd;
    struct headroom room;
    struct sketch first, whole; /* streams to the first token; whole replies */
};

struct visit {
    struct target *target; /* NULL: nothing is known, nobody is told */
    struct target_rules rules;
    bool stream;
    size_t body; /* bytes of what is sent */
    bool forced; /* it passes an open breaker: the last of a group does */
    /* Private from here on. */
    bool inside, begun;
    uint64_t ticket; /* of the breaker; 0: it has none */
    nanos sent;
    struct headroom_mark mark;
};

enum target_entry { TARGET_PASSES, TARGET_OPEN, TARGET_FULL };

/* What a step did to the breaker, and how that stands now. */
struct target_news {
    bool changed;
    struct breaker_view breaker;
};

/* What came of a call. */
enum visit_sign {
    VISIT_WELL,
    VISIT_FAILED,   /* the upstream failed */
    VISIT_STRAINED, /* it failed because it was too much for it */
    VISIT_LIMITED,  /* a rate limit: no failure, but not so fast */
    VISIT_BARRED,   /* it works, and not for us: key, account, no such model */
    VISIT_NOTHING   /* it lay in the request, or with us */
};

struct visit_end {
    enum visit_sign sign;
    nanos now;
    uint32_t dice;
    nanos retry_after;     /* what the upstream asked for; 0: nothing */
    int64_t input, output; /* tokens it used; 0: not known */
};

/* What a target looks like at a moment, to whoever chooses between several. */
struct target_view {
    struct breaker_view breaker;
    bool open;   /* its breaker lets nobody pass now */
    bool full;   /* no more at a time */
    bool barred; /* of those that rest: it refused our key, account or name */
    bool rests;  /* it asked for time */
    int in_flight;
    double busy; /* calls on their way, failed ones for a while among them */
    struct headroom_view room; /* what its rate limits leave */
    double spare;              /* share of what it bears that is free, 0 to 1 */
    double load; /* peak EWMA x (calls on their way + 1), in nanos */
};

/* One that nothing is known of, in zeroed memory; and its end. */
void target_init(void *target);
void target_fini(void *target);

/* A visit begins, if it may. Whoever gets TARGET_PASSES ends it with
** visit_ended or visit_left. */
enum target_entry visit_enter(struct visit *v, nanos now,
                              struct target_news *news);

/* The call leaves for the upstream now: it had its turn. */
void visit_sent(struct visit *v, nanos now);

/* The head of its reply came, and says this of limits. */
void visit_heard(struct visit *v, const struct hints *hints, nanos now);

/* The first token of a stream is there. */
void visit_begun(struct visit *v, nanos now, uint32_t dice,
                 struct target_news *news);

/* It is over. What nobody entered or has ended already is left alone. */
void visit_ended(struct visit *v, const struct visit_end *end,
                 struct target_news *news);

/* It was given up by us: it counts for nothing, and a probe's right is given
** back. */
void visit_left(struct visit *v, nanos now);

/* See how it stands under these rules. */
void target_look(struct target *t, const struct target_rules *rules, nanos now,
                 struct target_view *view);

/* The q-quantile (0 < q <= 1) of the time to a stream's first token, and of the
** time of a whole reply; 0: too few lately to tell. `t` may be NULL. */
nanos target_first_quantile(struct target *t, double q, nanos now);
nanos target_whole_quantile(struct target *t, double q, nanos now);

#endif
