/*
** headroom.h -- how much a provider's rate limits leave, before it says no.
**
**     left(now) = what it said was left + what flows back - what we sent since
**
** Replies tell in their heads what is left of a limit and when it is whole
** again. What was sent after the call that heard this is not in the figure yet,
** so every call is marked when it leaves, and what left after the mark is taken
** off. Tokens are not known before the reply, so a call is taken to need what
** calls needed lately. Plain memory, zeroed at first; the owner has the lock;
** the time is brought in.
*/
#ifndef METER_HEADROOM_H
#define METER_HEADROOM_H

#include <stdbool.h>
#include <stddef.h>

#include "wire/hints.h"

/* Something that fades: half of it is gone after 7 s. */
struct fading {
    double value;
    nanos as_of;
};

/* What is left of it by now. */
double fading_value(const struct fading *f, nanos now);

enum { HEADROOM_CALLS, HEADROOM_INPUT, HEADROOM_OUTPUT, HEADROOM_TOTALS };

/* What had been sent in all when a call left, itself among it. */
struct headroom_mark {
    double sent[HEADROOM_TOTALS];
};

struct headroom_limit {
    double limit, left; /* as it was said; limit 0: it was not */
    double back;        /* flows back, per nano */
    nanos as_of;
};

enum { LIMIT_REQUESTS, LIMIT_TOKENS, LIMIT_INPUT, LIMIT_OUTPUT, LIMITS };

struct headroom {
    struct headroom_limit limits[LIMITS];
    struct headroom_mark heard;   /* of the call that told of them */
    struct headroom_mark totals;  /* sent in all, tokens as guessed */
    double each[HEADROOM_TOTALS]; /* what a call needs, lately */
    struct fading calls;          /* sent lately: the demand */
};

/* What a limit leaves. */
struct headroom_view {
    bool known;
    double share; /* left of the scarcest limit, 0 to 1; 1 when not known */
    bool scarce;  /* the next call, or those of the next `soon`, get a 429 */
};

/* A call with a body of that many bytes leaves. */
void headroom_sent(struct headroom *h, size_t body, nanos now,
                   struct headroom_mark *mark);

/* The head of its reply. */
void headroom_heard(struct headroom *h, const struct headroom_mark *mark,
                    const struct hints *hints, nanos now);

/* What it needed. */
void headroom_used(struct headroom *h, int64_t input, int64_t output);

/* How it stands; `soon`: how far ahead to look. */
struct headroom_view headroom_look(const struct headroom *h, nanos soon,
                                   nanos now);

#endif
