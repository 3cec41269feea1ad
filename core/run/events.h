/*
** events.h -- log lines that are not a request's own line.
**
** One JSON object per line: {"time":..., "event":..., "message":...}. Prompts
** and keys never go in; control characters are escaped.
*/
#ifndef RUN_EVENTS_H
#define RUN_EVENTS_H

#include "run/request.h"

/* Begin a line: {"time":"2026-01-31T12:00:00.000Z" */
void event_begin(struct buf *line, struct world *world);

/* Add a member. Absent text is null. */
void event_text(struct buf *line, const char *name, str value);
void event_int(struct buf *line, const char *name, int64_t value);

/* Close the line and log it. */
void event_send(struct buf *line, struct world *world);

/* A policy_error, of this request or (NULL) of a load. The reason is one of
** load_error, deadline, memory, denied, error, bad_return. */
void event_policy(struct runtime *rt, const struct request *r,
                  const char *reason, str message);

/* A key_refused, once for each key and trouble in all workers, if this call
** tells of one: its number, "k1", and never a part of it. */
void event_key(struct runtime *rt, const struct call *call);

/* A bound_violation: this call took more than its bound, as far as is known. */
void event_violation(const struct request *r, const struct call *call);

/* A line about the runtime. */
void event_runtime(struct runtime *rt, const char *event, str message);

#endif
