/*
** task.c -- resuming a strand under its request's allowance.
**
** The processor time of all turns of a request, whichever strand ran, is
** charged to one budget. A turn that raises spoils its coroutine, which is then
** left to the collector; the rescue ladder, if the policy declared one, gets a
** fresh one. Turns never lie inside one another: a branch is resumed from the
** queue of the woken like everybody else, also for its first turn and for its
** closing variables.
*/
#include "run/task.h"

#include <lauxlib.h>

#include "base/defence.h"
#include "base/stack.h"
#include "run/answer.h"
#include "run/generation.h"
#include "run/loader.h"
#include "run/outcome.h"
#include "run/sandbox.h"
#include "run/strand/branch.h"

#define RESCUE_CPU (20 * NANOS_MS)   /* after the policy used up its own */
#define PIECE_CPU  (NANOS_MS / 10)   /* for each piece of a reply it looks at */
#define MODEST     ((size_t)1 << 20) /* bytes that any request may still have */

#define OWNER(member, p) \
    ((struct strand *)(void *)((char *)(p)-offsetof(struct strand, member)))

static void wake(struct strand *s, bool next);
static void hush(struct strand *s);
static void reap(struct strand *s);

static nanos cpu_left(const struct request *r)
{
    nanos left = r->rt->limits.cpu - r->charged;
    return left > RESCUE_CPU || !r->rescued ? left : RESCUE_CPU;
}

/* What a request holds: what it took and did not give back, but never more
** than there is. */
static size_t held(const struct request *r)
{
    const struct generation *g = r->gen;
    int64_t most = (int64_t)g->heap.used - (int64_t)g->base;
    int64_t held = r->heap < most ? r->heap : most;
    return held > 0 && DEFENCE(one_heap) ? (size_t)held : 0;
}

/* How large the heap may become in a turn. The last quarter of it is kept for
** those that hold little: a few that hold much end nobody but themselves. */
static size_t heap_allowed(const struct request *r)
{
    const struct generation *g = r->gen;
    size_t most = r->rt->limits.heap, own = r->rt->limits.request_heap;
    size_t used = g->heap.used, has = held(r);
    size_t shared = most > g->base ? most - (most - g->base) / 4 : most;
    size_t modest = used + (has < MODEST ? MODEST - has : 0);
    size_t limit = used + (has < own ? own - has : 0);
    if (!DEFENCE(modest_share))
        shared = most;
    if (shared < modest)
        shared = modest < most ? modest : most;
    return limit < shared ? limit : shared;
}

/* Begin a turn on this coroutine; and end it. */
static lua_State *enter(struct request *r, lua_State *L, nanos cpu)
{
    struct generation *g = r->gen;
    allowance_set(g, cpu, heap_allowed(r));
    r->heap_before = g->heap.used;
    return allowance_enter(g, L);
}

static void leave(struct request *r, lua_State *before)
{
    struct generation *g = r->gen;
    nanos now = world_stopwatch(r->rt->world);
    r->heap =
        (int64_t)held(r) + (int64_t)g->heap.used - (int64_t)r->heap_before;
    r->charged += allowance_used(g, now);
    r->lua += now - g->allowed.from;
    allowance_leave(g, before);
}

static void drop_thread(struct strand *s, bool spoilt)
{
    if (s->co == NULL)
        return;
    generation_thread_done(s->request->gen, s->co, s->co_ref, spoilt);
    s->co = NULL;
    s->state = STRAND_NONE;
}

void task_not_charged(struct request *r, nanos time)
{
    r->charged -= time;
    r->lua -= time;
    r->gen->allowed.until += time;
    r->gen->allowed.budget += time;
}

/* A branch came to its end: its parent is the next to run, before a loser asks
** for anything more. */
static void branch_done(struct strand *s, int status)
{
    if (status == LUA_OK)
        lua_settop(s->co, 1); /* its reply, or nil */
    hush(s);
    s->status = status;
    s->state = STRAND_ENDED;
    wake(s->parent, true);
}

/* The policy came to its end, or raised, or a branch used up what there is. */
static void ended(struct strand *s, int status, int results)
{
    struct request *r = s->request;
    struct generation *g = r->gen;
    if (s->parent != NULL && !r->doomed && status != LUA_ERRMEM) {
        branch_done(s, status);
        return;
    }
    generation_keep(g); /* the request may end, and be its last */
    if (s->parent == NULL && status == LUA_OK)
        outcome_returned(r, s->co, results);
    else
        outcome_raised(r, s->co, status);
    generation_release(g);
}

/* One turn; then either it waits again, or its outcome is dealt with. */
static void resume(struct strand *s)
{
    struct request *r = s->request;
    struct generation *g = r->gen;
    int results = 0, arguments = s->arguments;
    lua_State *before = enter(r, s->co, cpu_left(r));
    s->arguments = 0;
    s->state = STRAND_RUNNING;
    int status = lua_resume(s->co, g->L, arguments, &results);
    leave(r, before);
    r->doomed = g->allowed.doom != DOOM_NONE;
    if (status != LUA_YIELD) {
        ended(s, status, results);
        return;
    }
    lua_pop(s->co, results);
    s->state = STRAND_WAITING;
}

static int policy_done(lua_State *L, int status, lua_KContext context)
{
    (void)status;
    (void)context;
    return lua_gettop(L);
}

/* The bottom of every policy's stack: pushing req may raise, so it happens in
** here and not outside, where nobody would catch it. */
static int policy_start(lua_State *L)
{
    struct request *r = request_of(L);
    loader_restore(L);
    r->rt->bind->push_request(L, r);
    lua_callk(L, 1, LUA_MULTRET, 0, policy_done);
    return lua_gettop(L);
}

/* The function that is called with req now. */
static int what_runs(const struct request *r)
{
    const struct generation *g = r->gen;
    if (r->keying)
        return g->idempotent.key;
    return r->rescued ? g->rescue : g->policy;
}

void task_begin(struct request *r)
{
    struct generation *g = r->gen;
    struct strand *s = &r->main;
    task_end(r);
    if (!stack_enough()) {
        outcome_no_stack(r);
        return;
    }
    allowance_set(g, cpu_left(r), heap_allowed(r));
    s->co = generation_thread(g, &s->co_ref);
    if (s->co == NULL) {
        outcome_no_memory(r);
        return;
    }
    *(struct strand **)lua_getextraspace(s->co) = s;
    lua_pushcfunction(s->co, policy_start);
    lua_rawgeti(s->co, LUA_REGISTRYINDEX, what_runs(r));
    s->arguments = 1;
    resume(s);
}

/* --- waking ---------------------------------------------------------------- */

/* Into the queue of the woken: at its end, or as the next one. */
static void enqueue(struct strand *s, bool next)
{
    struct runtime *rt = s->request->rt;
    struct strand **at = next ? &rt->woken : rt->woken_last;
    s->woken = true;
    s->woken_next = *at;
    *at = s;
    if (s->woken_next == NULL)
        rt->woken_last = &s->woken_next;
    world_later(rt->world, &rt->wake);
}

static void wake(struct strand *s, bool next)
{
    if (s->state == STRAND_WAITING && !s->woken)
        enqueue(s, next);
}

void task_wake(struct strand *s)
{
    wake(s, false);
}

static struct strand *take_woken(struct runtime *rt)
{
    struct strand *s = rt->woken;
    if (s == NULL)
        return NULL;
    rt->woken = s->woken_next;
    if (rt->woken == NULL)
        rt->woken_last = &rt->woken;
    s->woken = false;
    return s;
}

static void forget_woken(struct strand *s)
{
    struct runtime *rt = s->request->rt;
    struct strand **at = &rt->woken;
    if (!s->woken)
        return;
    while (*at != s)
        at = &(*at)->woken_next;
    *at = s->woken_next;
    if (*at == NULL)
        rt->woken_last = at;
    s->woken = false;
}

void task_run_woken(struct later *l)
{
    struct runtime *rt = (void *)((char *)l - offsetof(struct runtime, wake));
    struct strand *s;
    while ((s = take_woken(rt)) != NULL) {
        struct request *r = s->request;
        uint64_t serial = r->serial;
        bool outermost = request_enter(r);
        if (s->state == STRAND_CANCELLED)
            reap(s);
        else
            resume(s);
        if (r->serial == serial)
            request_leave(r, outermost);
    }
}

/* --- waiting --------------------------------------------------------------- */

static void on_change(struct watcher *w)
{
    task_wake(OWNER(watcher, w));
}

static void on_timer(struct timer *t)
{
    task_wake(OWNER(timer, t));
}

struct strand task_strand(struct request *r)
{
    return (struct strand){.request = r,
                           .co_ref = LUA_NOREF,
                           .watcher.changed = on_change,
                           .timer.fire = on_timer};
}

void task_watch(struct strand *s, struct call *call)
{
    task_unwatch(s);
    s->watched = call;
    call_watch(call, &s->watcher);
}

void task_unwatch(struct strand *s)
{
    if (s->watched != NULL)
        call_unwatch(s->watched, &s->watcher);
    s->watched = NULL;
}

void task_sleep(struct strand *s, nanos until)
{
    timer_start(s->request->rt->world, &s->timer, until);
}

/* --- ending ---------------------------------------------------------------- */

/* Unwind the coroutine: the closing variables of what waits, or raised, run
** under what is left of its request's allowance. When an error came out of the
** hook, Lua leaves hooks switched off in that coroutine: nothing of it may run
** again. */
static void unwind(struct strand *s)
{
    struct request *r = s->request;
    int status = lua_status(s->co);
    bool spoilt = r->doomed || status > LUA_YIELD;
    if (!r->doomed && status != LUA_OK) {
        struct allowance outer = r->gen->allowed;
        lua_State *before = enter(r, s->co, cpu_left(r));
        s->unwinding = true; /* nothing may wait in there */
        lua_resetthread(s->co);
        s->unwinding = false;
        spoilt = spoilt || r->gen->allowed.doom != DOOM_NONE;
        leave(r, before);
        r->gen->allowed = outer;
    }
    drop_thread(s, spoilt);
}

void task_part(struct strand *s)
{
    struct parting *parting = s->parting;
    s->parting = NULL;
    if (parting != NULL && DEFENCE(parting))
        parting->run(parting);
}

/* It hears of nothing further. */
static void hush(struct strand *s)
{
    task_part(s);
    timer_stop(s->request->rt->world, &s->timer);
    task_unwatch(s);
    forget_woken(s);
}

static void end_strand(struct strand *s)
{
    if (s->co != NULL)
        unwind(s);
    hush(s);
}

/* The end of a branch that was cancelled. */
static void reap(struct strand *s)
{
    end_strand(s);
    branch_free(s);
}

/* One that has nothing to unwind needs no turn for it. */
void task_cancel(struct strand *branch)
{
    hush(branch);
    branch->state = STRAND_CANCELLED;
    if (branch->co == NULL || lua_status(branch->co) == LUA_OK)
        reap(branch);
    else
        enqueue(branch, false);
}

static struct strand *last_branch(const struct request *r)
{
    struct strand *s = r->branches;
    while (s != NULL && s->next != NULL)
        s = s->next;
    return s;
}

void task_end(struct request *r)
{
    struct strand *branch;
    while ((branch = last_branch(r)) != NULL)
        reap(branch);
    end_strand(&r->main);
}

/* --- functions that are called for a reply --------------------------------- */

/* A protected call on L in a turn of its own. Another turn may be under way:
** its allowance holds again afterwards. */
static const char *call(struct request *r, lua_State *L, int n, nanos cpu,
                        struct buf *why)
{
    struct generation *g = r->gen;
    struct allowance outer = g->allowed;
    const char *reason = NULL;
    lua_State *before = enter(r, L, cpu);
    int status = lua_pcall(L, n, 1, 0);
    leave(r, before);
    if (status != LUA_OK) {
        reason = sandbox_message(L, status, why);
        lua_pop(L, 1);
    }
    g->allowed = outer;
    return reason;
}

const char *task_call(struct request *r, lua_State *L, int n, struct buf *why)
{
    r->charged -= r->charged < PIECE_CPU ? r->charged : PIECE_CPU;
    return call(r, L, n, cpu_left(r), why);
}

const char *task_call_ours(struct request *r, lua_State *L, int n,
                           struct buf *why)
{
    return call(r, L, n, RESCUE_CPU, why);
}
