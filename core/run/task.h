/*
** task.h -- a policy running for a request: its strands, resumed here only.
**
** C code that has something to tell a waiting policy calls task_wake; the
** strand goes on before the loop's turn ends, never inside a callback of the
** transport.
*/
#ifndef RUN_TASK_H
#define RUN_TASK_H

#include "run/request.h"

/* Give the policy a main strand and let it run to its first wait. */
void task_begin(struct request *r);

/* What the strand waits for has changed: let it look. */
void task_wake(struct strand *s);

/* The runtime's `wake`: everybody who was woken goes on. */
void task_run_woken(struct later *l);

/* Wait for a call to change, or for a time; then yield with lua_yieldk. */
void task_watch(struct strand *s, struct call *call);
void task_sleep(struct strand *s, nanos until);
void task_unwatch(struct strand *s);

/* It waits no longer: what it was to give back, is. */
void task_part(struct strand *s);

/* A strand as it is before anything runs on it. */
struct strand task_strand(struct request *r);

/* Nobody waits for this branch any more: it hears of nothing further, and its
** closing variables run in a turn of its own. */
void task_cancel(struct strand *branch);

/* End every strand, waiting or not; closing variables run. */
void task_end(struct request *r);

/* So much of this turn was spent for the gateway and not by the policy. */
void task_not_charged(struct request *r, nanos time);

/* Call a Lua function of the policy, with `n` arguments above it on L, for a
** piece of this request's reply, without waits. It is charged to the request,
** which is allowed a little more time for each piece. NULL, and its one result
** is on top of the stack; or what the log calls it, and the message is
** appended to *why. */
const char *task_call(struct request *r, lua_State *L, int n, struct buf *why);

/* The same for a function of ours, which has time of its own. */
const char *task_call_ours(struct request *r, lua_State *L, int n,
                           struct buf *why);

#endif
