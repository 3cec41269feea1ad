/*
** task.c -- resuming a coroutine under its allowance.
**
** The processor time of all turns of a request is charged to one budget. A
** turn that raises spoils its coroutine, which is then left to the collector;
** the rescue ladder, if the policy declared one, gets a fresh one.
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

#define RESCUE_CPU (20 * NANOS_MS)   /* after the policy used up its own */
#define PIECE_CPU  (NANOS_MS / 10)   /* for each piece of a reply it looks at */
#define MODEST     ((size_t)1 << 20) /* bytes that any request may still have */

#define OWNER(member, p) \
    ((struct request *)(void *)((char *)(p)-offsetof(struct request, member)))

static void on_change(struct watcher *w);
static void on_timer(struct timer *t);

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

static void drop_thread(struct request *r, bool spoilt)
{
    if (r->co == NULL)
        return;
    generation_thread_done(r->gen, r->co, r->co_ref, spoilt);
    r->co = NULL;
    r->waiting = false;
}

void task_not_charged(struct request *r, nanos time)
{
    r->charged -= time;
    r->lua -= time;
    r->gen->allowed.until += time;
    r->gen->allowed.budget += time;
}

/* One turn; then either it waits again, or its outcome is dealt with. */
static void resume(struct request *r, int arguments)
{
    struct generation *g = r->gen;
    int results = 0;
    lua_State *before = enter(r, r->co, cpu_left(r));
    r->waiting = false;
    int status = lua_resume(r->co, g->L, arguments, &results);
    leave(r, before);
    r->doomed = g->allowed.doom != DOOM_NONE;
    if (status == LUA_YIELD) {
        lua_pop(r->co, results);
        r->waiting = true;
        return;
    }
    generation_keep(g); /* the request may end, and be its last */
    if (status == LUA_OK)
        outcome_returned(r, r->co, results);
    else
        outcome_raised(r, r->co, status);
    generation_release(g);
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

void task_begin(struct request *r)
{
    struct generation *g = r->gen;
    task_end(r);
    r->watcher.changed = on_change;
    r->timer.fire = on_timer;
    if (!stack_enough()) {
        outcome_no_stack(r);
        return;
    }
    allowance_set(g, cpu_left(r), heap_allowed(r));
    r->co = generation_thread(g, &r->co_ref);
    if (r->co == NULL) {
        outcome_no_memory(r);
        return;
    }
    *(struct request **)lua_getextraspace(r->co) = r;
    lua_pushcfunction(r->co, policy_start);
    lua_rawgeti(r->co, LUA_REGISTRYINDEX, r->rescued ? g->rescue : g->policy);
    resume(r, 1);
}

void task_wake(struct request *r)
{
    struct runtime *rt = r->rt;
    if (!r->waiting || r->woken)
        return;
    r->woken = true;
    r->woken_next = NULL;
    *rt->woken_last = r;
    rt->woken_last = &r->woken_next;
    world_later(rt->world, &rt->wake);
}

static struct request *take_woken(struct runtime *rt)
{
    struct request *r = rt->woken;
    if (r == NULL)
        return NULL;
    rt->woken = r->woken_next;
    if (rt->woken == NULL)
        rt->woken_last = &rt->woken;
    r->woken = false;
    return r;
}

static void forget_woken(struct request *r)
{
    struct request **at = &r->rt->woken;
    if (!r->woken)
        return;
    while (*at != r)
        at = &(*at)->woken_next;
    *at = r->woken_next;
    if (*at == NULL)
        r->rt->woken_last = at;
    r->woken = false;
}

void task_run_woken(struct later *l)
{
    struct runtime *rt = (void *)((char *)l - offsetof(struct runtime, wake));
    struct request *r;
    while ((r = take_woken(rt)) != NULL) {
        uint64_t serial = r->serial;
        bool outermost = request_enter(r);
        resume(r, 0);
        if (r->serial == serial)
            request_leave(r, outermost);
    }
}

static void on_change(struct watcher *w)
{
    task_wake(OWNER(watcher, w));
}

static void on_timer(struct timer *t)
{
    task_wake(OWNER(timer, t));
}

void task_watch(struct request *r, struct call *call)
{
    task_unwatch(r);
    r->watched = call;
    call_watch(call, &r->watcher);
}

void task_unwatch(struct request *r)
{
    if (r->watched != NULL)
        call_unwatch(r->watched, &r->watcher);
    r->watched = NULL;
}

void task_sleep(struct request *r, nanos until)
{
    timer_start(r->rt->world, &r->timer, until);
}

/* Unwind the coroutine: the closing variables of what waits, or raised, run
** under what is left of its allowance. When an error came out of the hook, Lua
** leaves hooks switched off in that coroutine: nothing of it may run again. */
static void unwind(struct request *r)
{
    bool raised = lua_status(r->co) > LUA_YIELD, spoilt = r->doomed || raised;
    if (!r->doomed && (r->waiting || raised)) {
        struct allowance outer = r->gen->allowed;
        lua_State *before = enter(r, r->co, cpu_left(r));
        r->unwinding = true; /* nothing may wait in there */
        lua_resetthread(r->co);
        r->unwinding = false;
        spoilt = spoilt || r->gen->allowed.doom != DOOM_NONE;
        leave(r, before);
        r->gen->allowed = outer;
    }
    drop_thread(r, spoilt);
}

void task_end(struct request *r)
{
    if (r->co != NULL)
        unwind(r);
    timer_stop(r->rt->world, &r->timer);
    task_unwatch(r);
    forget_woken(r);
}

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
