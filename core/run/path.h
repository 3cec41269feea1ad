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
    struct step *next;
};

/* Note a word of the path: a fixed word, or what the call has come to. The
** step keeps the call. False: it could not be noted. */
bool request_step(struct request *r, str name, const char *word,
                  struct call *call);

/* Append the path so far: "gpt-4o timeout, gpt-4o-mini ok". */
void request_path(const struct request *r, struct buf *to);

/* Cancel every call that still runs, but one (may be NULL). */
void path_cancel_calls(struct request *r, const struct call *but);

/* Let go of every call. */
void path_release_calls(struct request *r);

#endif
