/*
** path.h -- what a request went through, a word for each rung.
**
**     claude-sonnet-4-5 timeout, gpt-4o-mini ok
**
** The same line is the log entry, the x-perilune-path header and what tests
** assert. Steps live in the request's arena; those of a call keep it.
*/
#ifndef RUN_PATH_H
#define RUN_PATH_H

#include "run/request.h"

/* One word of the path: "gpt-4o-mini ok". */
struct step {
    str name;
    const char *word; /* NULL: ask the call */
    struct call *call;
    int64_t max_out; /* tokens that an answer was bounded to; 0: it was not */
    const struct strand *strand; /* whose call it is */
    struct step *next;
};

/* Note a word of the path. False: it could not be noted. */
bool request_step(struct request *r, str name, const char *word);

/* Note a call that this strand asks: its word is what the call has come to. The
** step keeps the call. False: it could not be noted. */
bool strand_step(struct strand *s, str name, struct call *call);

/* The answer of this call was bounded to so many tokens, which the client did not
** ask for: the path shows it, "gpt-4o-mini ok(max_out=512)". */
void path_imposed(struct request *r, const struct call *call, int64_t out);

/* What this strand asked, another one asked from now on. */
void path_move_calls(const struct strand *from, const struct strand *to);

/* Cancel the calls of a branch that lost: they are told as `cancelled`, but for
** those that failed by themselves. */
void path_cancel_branch(const struct strand *branch);

/* Append the path so far: "gpt-4o timeout, gpt-4o-mini ok". */
void request_path(const struct request *r, struct buf *to);

/* Cancel every call that still runs, but one (may be NULL). */
void path_cancel_calls(struct request *r, const struct call *but);

/* Let go of every call. */
void path_release_calls(struct request *r);

#endif
