/*
** filter.h -- p.filter: a Lua function looks at a reply's text as it flows.
**
**     upstream --events--> filter --events--> relay
**                            |
**                   f(held tail + new text)
**
** Of each choice the last `hold` bytes always wait, so that what is looked for
** is not cut in two. The function returns nil (pass), a text (in its place) or
** p.cut(text), which ends the reply there.
*/
#ifndef RUN_FILTER_H
#define RUN_FILTER_H

#include "run/reply.h"

#define CUT_TYPE       "perilune.cut"
#define FILTER_CHOICES 16 /* of one reply; the further ones pass unseen */

struct filter {
    struct filter *inner; /* applied before this one, or NULL */
    int function;         /* registry of the generation */
    size_t hold;
};

struct filtering;

/* Begin filtering the answer of a request. What comes out goes to `out`. NULL
** when there is no memory. It lives in the request's arena; end it. */
struct filtering *filtering_open(struct request *r, const struct filter *f,
                                 bool stream, struct buf *out);

/* Put whole events (or a whole reply) through; appended to `out`. False when
** the reply was cut: nothing further may be put in, and `out` holds a proper
** end. ERR-like: *raised is set when the function raised. */
bool filtering_put(struct filtering *f, str bytes, bool *raised);

/* Let go of what it holds. NULL is fine. */
void filtering_close(struct filtering *f);

#endif
