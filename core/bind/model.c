/*
** model.c -- a model as a rung: model(req) asks it and waits.
**
** The one waiting operation that matters: it starts a call, yields until the
** call has committed or ended, and goes on in `asked`. Everything it keeps
** across the wait lies in the request's arena, so a client that leaves, or a
** policy that raises, leaks nothing.
*/
#include "bind/bind.h"

#include <stdio.h>

#include "base/defence.h"
#include "run/generation.h"
#include "run/path.h"
#include "run/sandbox.h"
#include "run/task.h"

#define BACKOFF     (NANOS_S / 2) /* before the second try, at most */
#define BACKOFF_MAX (8 * NANOS_S)

struct model {
    struct provider *provider;
    str name, as;
    struct patience patience;
    int tries;
    uint32_t decline, refuse; /* bits by fault_kind: LANGUAGE rule 9 */
    bool free;
};

/* One model(req) under way. */
struct asking {
    struct model *model;
    struct view view;
    str name;  /* the upstream's name of the model */
    int tries; /* left */
    int tried;
    nanos pause_until; /* between two tries; 0 = not pausing */
    struct call *call;
};

static struct model *to_model(lua_State *L, int arg)
{
    return luaL_checkudata(L, arg, MODEL_TYPE);
}

static int collect(lua_State *L)
{
    struct model *m = to_model(L, 1);
    provider_release(m->provider);
    m->provider = NULL;
    return 0;
}

/* --- declaring ------------------------------------------------------------- */

static nanos seconds_or(lua_State *L, const char *name, nanos otherwise)
{
    nanos t = otherwise;
    if (lua_getfield(L, 2, name) == LUA_TNUMBER)
        t = nanos_of(lua_tonumber(L, -1));
    lua_pop(L, 1);
    return t;
}

static void read_faults(lua_State *L, struct model *m)
{
    if (lua_getfield(L, 2, "on") == LUA_TTABLE)
        for (lua_pushnil(L); lua_next(L, -2) != 0; lua_pop(L, 1)) {
            enum fault_kind kind = fault_of(str_of(lua_tostring(L, -2)));
            uint32_t bit = (uint32_t)1 << kind;
            if (str_eq(str_of(lua_tostring(L, -1)), STR("decline")))
                m->decline |= bit;
            else
                m->refuse |= bit;
        }
    lua_pop(L, 1);
}

static void remember(lua_State *L, const struct model *m)
{
    struct generation *g = generation_of(L);
    if (str_find(m->name, '*') < m->name.n)
        return; /* a pattern of p.asked, not a model */
    str full = arena_print(&g->arena, "%.*s/%.*s", STR_ARG(m->provider->name),
                           STR_ARG(m->name));
    if (full.p == NULL || generation_declare(g, full, m->provider->name) != 0 ||
        (m->as.p != NULL &&
         generation_declare(g, m->as, m->provider->name) != 0))
        luaL_error(L, "not enough memory");
}

/* model(provider, spec) -> a model; spec is checked by perilune.model */
static int new_model(lua_State *L)
{
    struct provider **provider = luaL_checkudata(L, 1, PROVIDER_TYPE);
    luaL_checktype(L, 2, LUA_TTABLE);
    struct model *m = lua_newuserdatauv(L, sizeof *m, 0);
    *m = (struct model){.provider = NULL};
    luaL_setmetatable(L, MODEL_TYPE);
    provider_keep(*provider);
    m->provider = *provider;
    lua_getfield(L, 2, "model");
    m->name = bind_keep(L, -1);
    if (lua_getfield(L, 2, "as") == LUA_TSTRING)
        m->as = bind_keep(L, -1);
    m->patience = (struct patience){
        .connect = seconds_or(L, "connect", 5 * NANOS_S),
        .first = seconds_or(L, "first", 10 * NANOS_S),
        .idle = seconds_or(L, "idle", 30 * NANOS_S),
        .total = seconds_or(L, "total", 60 * NANOS_S),
        .total_holds = seconds_or(L, "total", 0) != 0,
    };
    lua_getfield(L, 2, "tries");
    m->tries = lua_isnil(L, -1) ? 1 : (int)lua_tointeger(L, -1);
    lua_getfield(L, 2, "free");
    m->free = lua_toboolean(L, -1);
    read_faults(L, m);
    remember(L, m);
    lua_settop(L, 3);
    return 1;
}

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

static int decline(lua_State *L, struct request *r)
{
    lua_pushnil(L);
    bind_push_fault(L, &r->fault);
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
    request_fault(r, &fault);
    request_step(r, a->name, fault_word(kind), NULL);
    return decline(L, r);
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
        .max_tokens = a->view.max_tokens,
        .asked = r->asked,
        .deadline = r->deadline,
        .hops = r->hops,
        .lingering = &r->rt->lingering,
        .hold = &r->rt->hold,
    };
    struct call *call = start_call(r, &ask);
    if (call == NULL)
        return false;
    bool noted = request_step(r, a->name, NULL, call);
    if (!noted)
        call_cancel(call);
    call_release(call); /* the step keeps it */
    if (call->state != CALL_ENDED || call->sent != 0)
        r->attempts++;
    a->tried++;
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
    snprintf(w->code, sizeof w->code, "%s", fault_name(fault->kind));
    return 1;
}

static nanos backoff(struct world *world, int tried)
{
    nanos most = BACKOFF << (tried < 6 ? tried - 1 : 5);
    uint32_t dice;
    world_random(world, &dice, sizeof dice);
    most = most < BACKOFF_MAX ? most : BACKOFF_MAX;
    return (nanos)((double)most * ((double)dice / 4294967296.0));
}

/* Another try after a pause? */
static bool try_again(struct request *r, struct asking *a,
                      const struct fault *fault)
{
    struct world *world = r->rt->world;
    nanos until = world_now(world) + backoff(world, a->tried);
    bool hopeless = DEFENCE(hopeless_faults) && !fault_passing(fault->kind);
    if (--a->tries <= 0 || hopeless ||
        (DEFENCE(busy_once) && fault->retry_after > 0) ||
        until >= r->deadline || r->attempts >= r->rt->limits.attempts)
        return false;
    a->pause_until = until;
    task_sleep(r, until);
    return true;
}

static int failed(lua_State *L, struct request *r, struct asking *a)
{
    const struct fault *fault = &a->call->fault;
    request_fault(r, fault);
    if (try_again(r, a, fault))
        return lua_yieldk(L, 0, (lua_KContext)a, asked);
    if (fault_lasting(fault->kind))
        scar(r, a);
    uint32_t bit = (uint32_t)1 << fault->kind;
    bool refuses = fault_refuses(fault->kind) && !(a->model->decline & bit);
    if (refuses || a->model->refuse & bit)
        return push_refusal(L, fault);
    return decline(L, r);
}

/* Runs in ask's place once something has changed. */
static int asked(lua_State *L, int status, lua_KContext context)
{
    struct asking *a = (struct asking *)context;
    struct request *r = a->view.request;
    (void)status;
    if (a->pause_until != 0) {
        if (world_now(r->rt->world) < a->pause_until)
            return lua_yieldk(L, 0, context, asked);
        a->pause_until = 0;
        if (!start(r, a))
            return luaL_error(L, "not enough memory to ask a model");
        task_watch(r, a->call);
    }
    if (a->call->state < CALL_COMMITTED)
        return lua_yieldk(L, 0, context, asked);
    task_unwatch(r);
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

static int ask(lua_State *L, struct model *m, struct view *view, str name)
{
    struct request *r = bind_request(L, "a model");
    struct asking a = {
        .model = m, .view = *view, .name = name, .tries = m->tries};
    if (scarred(r, &a)) {
        request_step(r, name, "skipped", NULL);
        return decline(L, r);
    }
    if (world_now(r->rt->world) >= r->deadline)
        return decline_by_us(L, r, &a, FAULT_DEADLINE);
    if (DEFENCE(attempts_end) && r->attempts >= r->rt->limits.attempts)
        return decline_by_us(L, r, &a, FAULT_REJECTED);
    struct asking *kept = keep(L, &a);
    if (!start(r, kept))
        return luaL_error(L, "not enough memory to ask a model");
    task_watch(r, kept->call);
    return asked(L, LUA_YIELD, (lua_KContext)kept);
}

/* model(req) -> reply, or nil and a fault. Waits. */
static int call_model(lua_State *L)
{
    struct model *m = to_model(L, 1);
    struct view *view = bind_view(L, 2);
    return ask(L, m, view, view->model.p != NULL ? view->model : m->name);
}

/* model:ask(req, name) -> the same, of the provider's model `name`. Waits. */
static int ask_other(lua_State *L)
{
    struct model *m = to_model(L, 1);
    struct view *view = bind_view(L, 2);
    str name;
    name.p = luaL_checklstring(L, 3, &name.n);
    return ask(L, m, view, name);
}

/* model.name, model.provider, model.as */
static int field(lua_State *L)
{
    const struct model *m = to_model(L, 1);
    str key;
    key.p = luaL_checklstring(L, 2, &key.n);
    str value = STR_NONE;
    if (str_eq(key, STR("name")))
        value = m->name;
    else if (str_eq(key, STR("provider")))
        value = m->provider->name;
    else if (str_eq(key, STR("as")))
        value = m->as;
    if (value.p != NULL) {
        lua_pushlstring(L, value.p, value.n);
        return 1;
    }
    lua_pushvalue(L, 2);
    lua_rawget(L, lua_upvalueindex(1));
    return 1;
}

/* tostring(model) -> "model openai/gpt-4o-mini" */
static int text(lua_State *L)
{
    const struct model *m = to_model(L, 1);
    lua_pushfstring(L, "model %s/%s", m->provider->name.p, m->name.p);
    return 1;
}

static const luaL_Reg methods[] = {
    {"ask", ask_other},
    {NULL, NULL},
};

static const luaL_Reg functions[] = {
    {"model", new_model},
    {NULL, NULL},
};

void bind_model(lua_State *L)
{
    bind_type(L, &(struct bind_type){.name = MODEL_TYPE,
                                     .methods = methods,
                                     .index = field,
                                     .call = call_model,
                                     .gc = collect,
                                     .text = text});
    luaL_setfuncs(L, functions, 0);
}
