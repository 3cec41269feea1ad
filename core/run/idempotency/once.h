/*
** once.h -- a request that is to be run once, however often it is sent.
**
**     once_want --> request_run --> [the policy's own key] --> is it known?
**         answered before      the same answer; no policy runs
**         somebody runs it     wait for his answer, or for his place
**         neither              run it, and record what the client is told
**         another body         422
**
** What is kept: whole answers with 2xx, but for apologies and cut ones, and
** errors that lie in the request itself and that an upstream was asked for. All
** else would be another answer later: a repeat runs anew.
*/
#ifndef RUN_IDEMPOTENCY_ONCE_H
#define RUN_IDEMPOTENCY_ONCE_H

#include "run/request.h"

/* This request is to be run once. `caller` says who asks, as far as can be
** proven; `key` is the client's, absent where the policy has one of its own.
** Both are copied. False: no memory. */
bool once_want(struct request *r, str caller, str key);

/* Begin: for request_run, when r->once is there. */
void once_begin(struct request *r);

/* The policy's own key for it, or absent: it need not be run once. */
void once_keyed(struct request *r, str key);

#endif
