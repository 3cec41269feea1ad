/*
** no.h -- what whoever came too often is told: which limit, what of it is used,
** and when to come again.
*/
#ifndef RUN_LIMIT_NO_H
#define RUN_LIMIT_NO_H

#include "base/buf.h"
#include "meter/limit/limiter.h"
#include "run/reply.h"

struct limit_no {
    str name; /* of the limit */
    const struct limit_rules *rules;
    const struct limit_verdict *verdict; /* under these rules; it is a no */
    nanos now;
};

/* How long the text of a refusal may be. */
#define LIMIT_NO_TEXT 512

/* Append it in words. */
void limit_no_text(const struct limit_no *no, struct buf *to);

/* Fill in the rest of a refusal: a 429 with a wait; or a 413, when waiting would
** not help. */
void limit_no_status(const struct limit_no *no, struct written_reply *w);

#endif
