/*
** task.c -- resuming a coroutine under its allowance.
**
** The processor time of all turns of a request is charged to one budget. A
** turn that raises spoils its coroutine, which is then left to the collector;
** the rescue ladder, if the policy declared one, gets a fresh one.
*/
#include "run/task.h"

#include <lauxlib.h>

#include "run/answer.h"
#include "run/generation.h"
#include "run/outcome.h"
#include "run/sandbox.h"

#define RESCUE_CPU (20 * NANOS_MS) /* after the policy used up its own */

#define OWNER(member, p) \
    ((struct request *)(void *)((char *)(p)-offsetof(struct request, member)))

static void on_change(struct watcher *w);
static void on_timer(struct timer *t);

static nanos cpu_left(const struct request *r)
{
    nanos left = r->rt->limits.cpu - r->charged;
    return left > RESCUE_CPU || !r->rescued ? left : RESCUE_CPU;
}

static void allow(struct request *r)
{
    struct generation *g = r->gen;
    size_t heap = g->used + r->rt->limits.request_heap;
    sandbox_allow(g, cpu_left(r),
                  heap < r->rt->limits.heap ? heap : r->rt->limits.heap);
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

/* What a turn costs: its processor time, once the hook has looked at that
** clock; a turn too short for the hook costs what it took. */
static void charge(struct request *r, nanos took)
{
    const struct allowance *a = &r->gen->allowed;
    r->lua += took;
    r->charged +=
        a->cpu_from != 0 ? world_cpu(r->rt->world) - a->cpu_from : took;
}

/* One turn; then either it waits again, or its outcome is dealt with. */
static void resume(struct request *r, int arguments)
{
    struct world *world = r->rt->world;
    struct generation *g = r->gen;
    int results = 0;
    nanos from = world_now(world);
    allow(r);
    r->waiting = false;
    int status = lua_resume(r->co, g->L, arguments, &results);
    charge(r, world_now(world) - from);
    r->doomed = g->allowed.doom != NULL;
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
    allow(r);
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
        allow(r);
        r->unwinding = true; /* nothing may wait in there */
        lua_resetthread(r->co);
        r->unwinding = false;
        spoilt = spoilt || r->gen->allowed.doom != NULL;
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

int task_call(struct request *r, lua_State *L, int n, int results)
{
    struct world *world = r->rt->world;
    struct generation *g = r->gen;
    struct allowance outer = g->allowed; /* of a turn we are inside of */
    nanos from = world_now(world);
    size_t heap = g->used + r->rt->limits.request_heap;
    sandbox_allow(g, r->rt->limits.cpu,
                  heap < r->rt->limits.heap ? heap : r->rt->limits.heap);
    int status = lua_pcall(L, n, results, 0);
    if (g->allowed.doom != NULL)
        sandbox_hook(L); /* it had been armed at every instruction */
    g->allowed = outer;
    r->lua += world_now(world) - from;
    return status;
}
