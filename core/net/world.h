/*
** world.h -- everything a runtime needs from outside, behind one door.
**
**              policies, calls, endpoints
**      ------------------------------------------   this interface
**        now  random  timers  later  post  work  log  transport
**      ------------------------------------------
**        real.c: libev, sockets, libcurl     virtual/: nothing real
** A runtime is opened on a world and asks nobody else for the time, a random
** number, a timer, a thread, a log line or an upstream. So the same core runs
** under a virtual clock, where a seed replays to the byte.
**
** All calls belong to the owner's thread, but for world_post and world_nudge.
*/
#ifndef NET_WORLD_H
#define NET_WORLD_H

#include <stdlib.h>

#include "base/nanos.h"
#include "base/str.h"
#include "net/things.h"

struct world;
struct transport;

struct world_ops {
    nanos (*now)(struct world *);       /* monotonic */
    nanos (*calendar)(struct world *);  /* since 1970, UTC; may step */
    nanos (*cpu)(struct world *);       /* processor time of this thread */
    nanos (*stopwatch)(struct world *); /* runs on while a policy computes */
    void (*random)(struct world *, void *to, size_t n);
    void (*timer_start)(struct world *, struct timer *, nanos due);
    void (*timer_stop)(struct world *, struct timer *);
    void (*later)(struct world *, struct later *);
    int (*post)(struct world *, void (*fn)(void *), void *arg);
    void (*nudge)(struct world *, struct nudge *);
    void (*execute)(struct world *, struct job *);
    void (*log)(struct world *, str line);
    struct transport *(*transport)(struct world *);
};

struct world {
    const struct world_ops *ops;
    bool replays; /* a simulated one: nothing may hang on addresses or names
                  ** in the environment, so that a seed replays to the byte */
    /* Its variable of that name; NULL: ask the process's environment. */
    const char *(*env)(struct world *, const char *name);
};

/* Nanoseconds on a clock that never steps back; any origin. */
static inline nanos world_now(struct world *w)
{
    return w->ops->now(w);
}

/* Nanoseconds since 1970-01-01 UTC, by the calendar. */
static inline nanos world_calendar(struct world *w)
{
    return w->ops->calendar(w);
}

/* Processor time this thread has used: what a policy is charged for. */
static inline nanos world_cpu(struct world *w)
{
    return w->ops->cpu(w);
}

/* A clock for what Lua does before it gives control back: `now`, where that
** runs on meanwhile. */
static inline nanos world_stopwatch(struct world *w)
{
    return w->ops->stopwatch(w);
}

/* n random bytes, fit for identifiers. */
static inline void world_random(struct world *w, void *to, size_t n)
{
    w->ops->random(w, to, n);
}

/* Start, or move, a timer: t->fire runs once, not before `due`. */
static inline void timer_start(struct world *w, struct timer *t, nanos due)
{
    w->ops->timer_start(w, t, due);
}

/* Stop it; a stopped or never started timer is fine. */
static inline void timer_stop(struct world *w, struct timer *t)
{
    w->ops->timer_stop(w, t);
}

/* Has it been started, and neither fired nor been stopped? */
static inline bool timer_running(const struct timer *t)
{
    return t->slot != 0;
}

/* Run l->run before this turn ends; once, however often asked. */
static inline void world_later(struct world *w, struct later *l)
{
    w->ops->later(w, l);
}

/* [any thread] Run fn(arg) on the owner's thread; 0 or ERR_MEMORY. */
static inline int world_post(struct world *w, void (*fn)(void *), void *arg)
{
    return w->ops->post(w, fn, arg);
}

/* [any thread] Run n->run on the owner's thread, once, however often asked. */
static inline void world_nudge(struct world *w, struct nudge *n)
{
    w->ops->nudge(w, n);
}

/* Run j->work elsewhere, then j->done here. */
static inline void world_execute(struct world *w, struct job *j)
{
    w->ops->execute(w, j);
}

/* One whole line of JSON, without the newline. Never blocks. */
static inline void world_log(struct world *w, str line)
{
    w->ops->log(w, line);
}

/* A variable of the environment, or NULL. */
static inline const char *world_env(struct world *w, const char *name)
{
    return w->env != NULL ? w->env(w, name) : getenv(name);
}

/* What carries requests to upstreams. */
static inline struct transport *world_transport(struct world *w)
{
    return w->ops->transport(w);
}

#endif
