/*
** targets.h -- the targets of a realm, by name: "openai/gpt-4o-mini".
**
** Models that policies declare have theirs for as long as the realm lives.
** Those that only clients name (p.asked) have some too, but no more than a few
** hundred: beyond that a call has no target, and goes its way without one.
*/
#ifndef RUN_REALM_TARGETS_H
#define RUN_REALM_TARGETS_H

#include "meter/target.h"
#include "net/call/call.h"
#include "run/realm/realm.h"

#define TARGETS_NAME_MAX 256 /* bytes of "provider/model" */

/* Of a model that is declared; NULL when there is no room for it. */
struct target *targets_declare(struct realm *r, str provider, str model);

/* Of a model that a client named: the declared one's, or one of its own. NULL
** when there is no room. */
struct target *targets_asked(struct realm *r, str provider, str model);

/* The breaker that policies declare under that name (p.breaker); NULL when there
** is no room. */
struct breaker *targets_breaker(struct realm *r, str name);

/* Call see(breaker, name, user) for each of those. */
void targets_each_breaker(struct realm *r, void (*see)(void *, str, void *),
                          void *user);

/* Call see(target, name, user) for each, under the realm's lock: the declared
** ones, then those that clients named. */
void targets_each(struct realm *r, void (*see)(void *, str, void *),
                  void *user);

/* A line in the log: this breaker has come into another state. */
void targets_log_breaker(struct world *world, str name,
                         const struct breaker_view *view);

/* The same for a target, by the two halves of its name; and for that of a
** call, see struct question. */
void targets_log(struct world *world, str provider, str model,
                 const struct breaker_view *view);
void targets_breaker_changed(struct world *world, const struct question *ask,
                             const struct breaker_view *view);

/* "closed", "open" or "half_open". */
const char *targets_state(enum breaker_state state);

#endif
