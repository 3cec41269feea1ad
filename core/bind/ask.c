/*
** ask.c -- asking a model: the call, the wait, the other tries.
**
** The one waiting operation that matters: it starts a call, yields until the
** call has committed or ended, and goes on in `asked`. Everything it keeps
** across the wait lies in the request's arena, so a client that leaves, or a
** policy that raises, leaks nothing.
*/
#include "bind/budget/budget.h"
#include "bind/model.h"

#include <stdio.h>

#include "base/defence.h"
#include "net/call/retry.h"
#include "run/events.h"
#include "run/generation.h"
#include "run/path.h"
#include "run/realm/targets.h"
#include "run/task.h"

/* One model(req) under way. */
struct asking {
    struct strand *strand;
    struct model *model;
    struct view view;
    str name; /* the upstream's name of the model */
    struct retry retry;
    nanos pause_until;     /* between two tries; 0 = not pausing */
    struct visit visit;    /* of its target, until the call has it */
    struct charge *charge; /* what the next call is paid from, or NULL */
    bool syncing;          /* that goes to the disk first */
    struct call *call;
};

/* --- what stands in the way of asking -------------------------------------- */

static bool scarred(const struct request *r, const struct asking *a)
{
    for (const struct scar *s = r->scars; s != NULL; s = s->next)
        if (s->provider == a->model->provider && str_eq(s->model, a->name) &&
            s->content == a->view.content)
            return true;
    return false;
}

static void scar(struct request *r, const struct asking *a)
{
    struct scar *s = arena_zero(&r->arena, sizeof *s);
    if (s == NULL)
        return;
    *s = (struct scar){.next = r->scars,
                       .provider = a->model->provider,
                       .model = a->name,
                       .content = a->view.content};
    r->scars = s;
}

static int decline(lua_State *L, const struct asking *a)
{
    lua_pushnil(L);
    bind_push_fault(L, &a->strand->fault);
    return 2;
}

static int decline_by_us(lua_State *L, struct request *r,
                         const struct asking *a, enum fault_kind kind)
{
    const char *why = kind == FAULT_DEADLINE
                          ? "the request's deadline has passed"
                          : "the request has used up its attempts";
    struct fault fault = {.kind = kind, .status = fault_status(kind)};
    fault.message =
        arena_print(&r->arena, "%.*s/%.*s: %s",
                    STR_ARG(a->model->provider->name), STR_ARG(a->name), why);
    strand_fault(a->strand, &fault);
    request_step(r, a->name, fault_word(kind));
    return decline(L, a);
}

/* May its target be asked? If not, the first time that is what it declines
** with; later the fault of the try before stands. */
static bool admit(struct request *r, struct asking *a)
{
    struct fault fault;
    if (model_admit(r, a->model, a->name, &a->visit, &fault))
        return true;
    if (a->call == NULL)
        strand_fault(a->strand, &fault);
    return false;
}

static struct charging charging_of(const struct request *r,
                                   const struct asking *a)
{
    return (struct charging){.strand = a->strand,
                             .view = &a->view,
                             .of = a->model,
                             .model = a->name,
                             .price = model_price(r->gen, a->model, a->name)};
}

/* Can its budgets pay for a call? If not, that is what it declines with. */
static bool pay(lua_State *L, struct request *r, struct asking *a)
{
    struct charging of = charging_of(r, a);
    struct fault fault;
    a->charge = NULL;
    if (a->model->free || charge_reserve(L, &of, &a->charge, &fault))
        return true;
    strand_fault(a->strand, &fault);
    request_step(r, a->name, fault_word(fault.kind));
    return false;
}

/* The disk has what was reserved, or fails. */
static bool paid(struct request *r, struct asking *a)
{
    struct charging of = charging_of(r, a);
    struct fault fault;
    a->syncing = false;
    if (charge_synced(&of, a->charge, &fault))
        return true;
    strand_fault(a->strand, &fault);
    request_step(r, a->name, fault_word(fault.kind));
    return false;
}

/* --- asking ---------------------------------------------------------------- */

static int asked(lua_State *L, int status, lua_KContext context);

/* What the call costs to build is ours, not the policy's. */
static struct call *start_call(struct request *r, const struct question *ask)
{
    struct world *world = r->rt->world;
    nanos from = world_now(world);
    struct call *call = call_start(world, ask);
    task_not_charged(r, world_now(world) - from);
    return call;
}

static bool start(struct request *r, struct asking *a)
{
    struct question ask = {
        .provider = a->model->provider,
        .patience = a->model->patience,
        .model = a->name,
        .body = r->body,
        .map = r->root.map,
        .system = a->view.system,
        .messages = a->view.messages,
        .max_tokens = a->view.max_tokens,
        .asked = r->asked,
        .keys_but = a->retry.keys,
        .deadline = r->deadline,
        .price = model_price(r->gen, a->model, a->name),
        .hops = r->hops,
        .lingering = &r->rt->lingering,
        .hold = &r->rt->hold,
        .visit = a->visit,
        .breaker_changed = targets_breaker_changed,
        .ender = a->charge != NULL ? &a->charge->ender : NULL,
    };
    if (a->charge != NULL)
        ask.bound = a->charge->bound;
    struct call *call = start_call(r, &ask);
    if (call == NULL) {
        visit_left(&a->visit, world_now(r->rt->world));
        return false;
    }
    bool noted = strand_step(a->strand, a->name, call);
    if (noted && a->charge != NULL && a->charge->imposed)
        path_imposed(r, call, a->charge->bound.each);
    if (!noted)
        call_cancel(call);
    if (call->state != CALL_ENDED || call->sent != 0)
        r->attempts++;
    call_release(call); /* the step keeps it, if it was noted */
    a->call = call;
    return noted;
}

static int push_live(lua_State *L, struct request *r, struct call *call)
{
    struct live *live = lua_newuserdatauv(L, sizeof *live, 1);
    *live = (struct live){.request = r, .serial = r->serial, .call = call};
    luaL_setmetatable(L, LIVE_TYPE);
    return 1;
}

/* The provider's error goes to the client, as a reply. */
static int push_refusal(lua_State *L, const struct fault *fault)
{
    bool raw = fault->body.p != NULL;
    struct written_reply *w = bind_push_written(
        L, WRITTEN_REFUSE, raw ? fault->body : fault->message);
    w->raw = raw;
    w->status = fault->status;
    w->wait = fault_comeback(fault);
    snprintf(w->code, sizeof w->code, "%s", fault_name(fault->kind));
    return 1;
}

/* Another try? It begins after a pause, or at once. */
static bool try_again(struct request *r, struct asking *a)
{
    uint32_t dice;
    if (r->attempts >= r->rt->limits.attempts)
        return false;
    world_random(r->rt->world, &dice, sizeof dice);
    nanos now = world_now(r->rt->world);
    nanos when = retry_when(&a->retry, a->call, now, dice);
    if (when == NANOS_NEVER)
        return false;
    a->pause_until = when;
    if (when > now)
        task_sleep(a->strand, when);
    return true;
}

/* It is paid for: be let in, ask, and wait. */
static int leave(lua_State *L, struct request *r, struct asking *a)
{
    if (!admit(r, a)) {
        if (a->charge != NULL)
            charge_refund(a->charge);
        return decline(L, a);
    }
    struct retry_budget *retries = a->model->provider->retries;
    if (a->call == NULL && retries != NULL && !a->strand->extra)
        retry_budget_load(retries, world_now(r->rt->world));
    if (!start(r, a))
        return luaL_error(L, "not enough memory to ask a model");
    task_watch(a->strand, a->call);
    return asked(L, LUA_YIELD, (lua_KContext)a);
}

/* Pay, and go; or wait for the disk first. */
static int go(lua_State *L, struct request *r, struct asking *a)
{
    if (!pay(L, r, a))
        return decline(L, a);
    a->syncing = a->charge != NULL && charge_syncs(a->charge, a->strand);
    if (!a->syncing)
        return leave(L, r, a);
    task_sleep(a->strand, r->deadline);
    return lua_yieldk(L, 0, (lua_KContext)a, asked);
}

/* The strand waited for the disk. */
static int went(lua_State *L, struct request *r, struct asking *a)
{
    bool late = world_now(r->rt->world) >= r->deadline;
    if (a->charge->sleeper != NULL && !late)
        return lua_yieldk(L, 0, (lua_KContext)a, asked);
    timer_stop(r->rt->world, &a->strand->timer);
    if (!late)
        return paid(r, a) ? leave(L, r, a) : decline(L, a);
    a->syncing = false;
    task_part(a->strand);
    charge_refund(a->charge);
    return decline_by_us(L, r, a, FAULT_DEADLINE);
}

static int failed(lua_State *L, struct request *r, struct asking *a)
{
    const struct fault *fault = &a->call->fault;
    strand_fault(a->strand, fault);
    event_key(r->rt, a->call);
    if (try_again(r, a))
        return asked(L, LUA_YIELD, (lua_KContext)a);
    if (fault_lasting(fault->kind))
        scar(r, a);
    uint32_t bit = (uint32_t)1 << fault->kind;
    bool refuses = fault_refuses(fault->kind) && !(a->model->decline & bit);
    if (refuses || a->model->refuse & bit)
        return push_refusal(L, fault);
    return decline(L, a);
}

/* Runs in ask's place once something has changed. */
static int asked(lua_State *L, int status, lua_KContext context)
{
    struct asking *a = (struct asking *)context;
    struct request *r = a->view.request;
    (void)status;
    if (a->syncing)
        return went(L, r, a);
    if (a->pause_until != 0) {
        if (world_now(r->rt->world) < a->pause_until)
            return lua_yieldk(L, 0, context, asked);
        a->pause_until = 0;
        return go(L, r, a);
    }
    if (a->call->state < CALL_COMMITTED)
        return lua_yieldk(L, 0, context, asked);
    task_unwatch(a->strand);
    if (call_committed(a->call))
        return push_live(L, r, a->call);
    return failed(L, r, a);
}

/* It lives as long as the request now, its name too. */
static struct asking *keep(lua_State *L, const struct asking *on_stack)
{
    struct arena *arena = &on_stack->view.request->arena;
    struct asking *a = arena_zero(arena, sizeof *a);
    str name = arena_copy(arena, on_stack->name);
    if (a == NULL || name.p == NULL)
        luaL_error(L, "not enough memory to ask a model");
    *a = *on_stack;
    a->name = name;
    return a;
}

static int ask(lua_State *L, struct model *m, struct view *view, str name,
               bool forced)
{
    struct request *r = bind_request(L, "a model");
    struct asking a = {.strand = strand_of(L),
                       .model = m,
                       .view = *view,
                       .name = name,
                       .retry = {.tries = m->tries,
                                 .also = m->retry,
                                 .final = m->decline | m->refuse},
                       .visit.forced = forced};
    if (scarred(r, &a)) {
        request_step(r, name, "skipped");
        return decline(L, &a);
    }
    if (world_now(r->rt->world) >= r->deadline)
        return decline_by_us(L, r, &a, FAULT_DEADLINE);
    if (DEFENCE(attempts_end) && r->attempts >= r->rt->limits.attempts)
        return decline_by_us(L, r, &a, FAULT_REJECTED);
    if (model_spared(a.strand, m))
        return decline(L, &a);
    return go(L, r, keep(L, &a));
}

int model_ask(lua_State *L, struct model *m, struct view *view, str name)
{
    return ask(L, m, view, name, false);
}

int model_press(lua_State *L, struct model *m, struct view *view, str name)
{
    return ask(L, m, view, name, true);
}
