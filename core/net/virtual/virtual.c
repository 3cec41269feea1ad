/*
** virtual.c -- queues, a heap of timers and a number for the time.
**
** A turn is what a turn of the real loop is: what was posted, what is due, and
** then what was put off until the turn's end. Chance is xoshiro256**, seeded
** through splitmix64.
*/
#include "net/virtual/virtual.h"

#include <stdio.h>

#include "base/arena.h"
#include "base/defence.h"
#include "base/err.h"
#include "base/mem.h"
#include "net/real.h"
#include "net/timers.h"
#include "net/virtual/upstreams.h"

#define LOOK       NANOS_US /* what a look at the stopwatch stands for */
#define LOOKS      64       /* so many, and real time is looked at too */
#define PATIENCE   (5 * NANOS_S)
#define FOREVER    (1000000 * NANOS_S) /* more than anybody may use */
#define KEY_PREFIX "simulated-"

struct posted {
    struct nudge nudge;
    void (*fn)(void *);
    void *arg;
};

struct virtual
{
    struct world base;
    nanos now, calendar; /* the calendar at the beginning */
    uint64_t dice[4];
    struct timers timers;
    struct later *later, **later_end;
    struct nudge *nudges, **nudges_end;
    struct job *jobs, **jobs_end;
    nanos stopwatch;
    uint64_t looks;
    nanos turn_cpu; /* real, at the first look in this turn; 0 = none yet */
    struct upstreams *upstreams;
    struct arena arena;
    struct virtual_setup setup;
};

static struct virtual *virtual_of(struct world *w)
{
    return (struct virtual *)w;
}

/* --- clocks ---------------------------------------------------------------- */

static nanos now(struct world *w)
{
    return virtual_of(w)->now;
}

static nanos calendar(struct world *w)
{
    struct virtual *v = virtual_of(w);
    return v->calendar + v->now - VIRTUAL_START;
}

/* Has this turn taken so much real time that it must be ended? */
static bool takes_too_long(struct virtual *v)
{
    if (++v->looks % LOOKS != 0)
        return false;
    nanos cpu = real_cpu();
    if (v->turn_cpu == 0)
        v->turn_cpu = cpu;
    return DEFENCE(real_time) && cpu - v->turn_cpu > v->setup.patience;
}

static nanos stopwatch(struct world *w)
{
    struct virtual *v = virtual_of(w);
    v->stopwatch += takes_too_long(v) ? FOREVER : LOOK;
    return v->stopwatch;
}

/* --- chance ---------------------------------------------------------------- */

static uint64_t splitmix(uint64_t *x)
{
    uint64_t z = *x += 0x9e3779b97f4a7c15u;
    z = (z ^ z >> 30) * 0xbf58476d1ce4e5b9u;
    z = (z ^ z >> 27) * 0x94d049bb133111ebu;
    return z ^ z >> 31;
}

static uint64_t turned(uint64_t x, int by)
{
    return x << by | x >> (64 - by);
}

static uint64_t throw(uint64_t s[4])
{
    uint64_t thrown = turned(s[1] * 5, 7) * 9, t = s[1] << 17;
    s[2] ^= s[0];
    s[3] ^= s[1];
    s[1] ^= s[2];
    s[0] ^= s[3];
    s[2] ^= t;
    s[3] = turned(s[3], 45);
    return thrown;
}

static void random_bytes(struct world *w, void *to, size_t n)
{
    for (char *at = to; n > 0;) {
        uint64_t thrown = throw(virtual_of(w)->dice);
        size_t some = n < sizeof thrown ? n : sizeof thrown;
        memcpy(at, &thrown, some);
        at += some;
        n -= some;
    }
}

/* --- timers, later, post, jobs --------------------------------------------- */

static void start_timer(struct world *w, struct timer *t, nanos due)
{
    timers_start(&virtual_of(w)->timers, t, due);
}

static void stop_timer(struct world *w, struct timer *t)
{
    timers_stop(&virtual_of(w)->timers, t);
}

static void queue_later(struct world *w, struct later *l)
{
    struct virtual *v = virtual_of(w);
    if (l->queued)
        return;
    l->queued = true;
    l->next = NULL;
    *v->later_end = l;
    v->later_end = &l->next;
}

static void nudge(struct world *w, struct nudge *n)
{
    struct virtual *v = virtual_of(w);
    if (n->queued)
        return;
    n->queued = true;
    n->next = NULL;
    *v->nudges_end = n;
    v->nudges_end = &n->next;
}

static void run_posted(struct nudge *n)
{
    struct posted it = *(struct posted *)n;
    mem_free(n);
    it.fn(it.arg);
}

static int post(struct world *w, void (*fn)(void *), void *arg)
{
    struct posted *p = mem_alloc(sizeof *p);
    if (p == NULL)
        return ERR_MEMORY;
    *p = (struct posted){{.run = run_posted}, fn, arg};
    nudge(w, &p->nudge);
    return 0;
}

static void execute(struct world *w, struct job *j)
{
    struct virtual *v = virtual_of(w);
    j->next = NULL;
    *v->jobs_end = j;
    v->jobs_end = &j->next;
}

/* --- what it is a door to -------------------------------------------------- */

static void log_line(struct world *w, str line)
{
    const struct virtual_setup *setup = &virtual_of(w)->setup;
    if (setup->log != NULL)
        setup->log(setup->user, line);
}

static struct transport *transport(struct world *w)
{
    return upstreams_transport(virtual_of(w)->upstreams);
}

/* A value of its own for each name, so that a pool of keys is one. */
static const char *env(struct world *w, const char *name)
{
    struct virtual *v = virtual_of(w);
    const char *const *key = v->setup.keys;
    while (key != NULL && *key != NULL && strcmp(*key, name) != 0)
        key++;
    if (key != NULL && *key == NULL)
        return NULL;
    return arena_print(&v->arena, KEY_PREFIX "%s", name).p;
}

/* --- turning --------------------------------------------------------------- */

static bool run_nudges(struct virtual *v)
{
    struct nudge *n = v->nudges;
    bool any = n != NULL;
    v->nudges = NULL;
    v->nudges_end = &v->nudges;
    for (struct nudge *next; n != NULL; n = next) {
        next = n->next;
        n->queued = false;
        n->run(n);
    }
    return any;
}

static bool run_jobs(struct virtual *v)
{
    struct job *j = v->jobs;
    bool any = j != NULL;
    v->jobs = NULL;
    v->jobs_end = &v->jobs;
    for (struct job *next; j != NULL; j = next) {
        next = j->next;
        j->work(j);
        j->done(j);
    }
    return any;
}

/* At most as many as there are: what starts itself anew waits for its turn. */
static bool fire_due(struct virtual *v)
{
    struct timer *t;
    size_t fired = 0, most = v->timers.n;
    for (; fired < most && (t = timers_pop(&v->timers, v->now)) != NULL;
         fired++)
        t->fire(t);
    return fired > 0;
}

static bool run_later(struct virtual *v)
{
    struct later *l;
    bool any = v->later != NULL;
    while ((l = v->later) != NULL) {
        v->later = l->next;
        if (v->later == NULL)
            v->later_end = &v->later;
        l->queued = false;
        l->run(l);
    }
    return any;
}

bool virtual_turn(struct world *w)
{
    struct virtual *v = virtual_of(w);
    v->turn_cpu = 0;
    bool posted = run_nudges(v), worked = run_jobs(v), fired = fire_due(v);
    bool later = run_later(v);
    return posted || worked || fired || later;
}

bool virtual_advance(struct world *w, nanos until)
{
    struct virtual *v = virtual_of(w);
    nanos due = timers_due(&v->timers);
    bool any = due <= until && due != NANOS_NEVER;
    nanos to = any ? due : until;
    if (to != NANOS_NEVER && to > v->now)
        v->now = to;
    return any;
}

void virtual_turn_clock(struct world *w, nanos by)
{
    virtual_of(w)->calendar += by;
}

void virtual_pass(struct world *w, nanos until)
{
    do
        while (virtual_turn(w))
            continue;
    while (virtual_advance(w, until));
}

/* --- open, close ----------------------------------------------------------- */

static const struct world_ops ops = {
    .now = now,
    .calendar = calendar,
    .cpu = stopwatch,
    .stopwatch = stopwatch,
    .random = random_bytes,
    .timer_start = start_timer,
    .timer_stop = stop_timer,
    .later = queue_later,
    .post = post,
    .nudge = nudge,
    .execute = execute,
    .log = log_line,
    .transport = transport,
};

static struct virtual *make(const struct virtual_setup *setup)
{
    struct virtual *v = mem_zero(sizeof *v);
    uint64_t x = setup->seed;
    if (v == NULL)
        return NULL;
    v->base = (struct world){.ops = &ops, .replays = true, .env = env};
    v->now = VIRTUAL_START;
    v->calendar = setup->calendar;
    v->setup = *setup;
    if (setup->patience == 0)
        v->setup.patience = PATIENCE;
    for (int i = 0; i < 4; i++)
        v->dice[i] = splitmix(&x);
    v->later_end = &v->later;
    v->nudges_end = &v->nudges;
    v->jobs_end = &v->jobs;
    arena_init(&v->arena);
    return v;
}

int virtual_open(struct world **out, const struct virtual_setup *setup)
{
    struct virtual *v = make(setup);
    if (v == NULL)
        return ERR_MEMORY;
    if (timers_init(&v->timers) != 0 ||
        upstreams_open(&v->upstreams, &v->base) != 0) {
        virtual_close(&v->base);
        return ERR_MEMORY;
    }
    *out = &v->base;
    return 0;
}

void virtual_close(struct world *w)
{
    if (w == NULL)
        return;
    struct virtual *v = virtual_of(w);
    run_later(v); /* some of it frees what was closed before */
    for (struct nudge *next, *n = v->nudges; n != NULL; n = next) {
        next = n->next;
        if (n->run == run_posted)
            mem_free(n);
    }
    upstreams_close(v->upstreams);
    timers_fini(&v->timers);
    arena_fini(&v->arena);
    mem_free(v);
}

struct upstreams *virtual_upstreams(struct world *w)
{
    return virtual_of(w)->upstreams;
}
