/*
** sticky.c -- a conversation stays with whom it began (p.sticky).
**
** What is pinned is in the realm: it outlives the policy and is shared by the
** workers. A key is the session, the user or what the policy says; and, so that
** a loop of tool calls is known without any, each id of a call that a model
** gave. Those are learnt when its reply has passed.
*/
#include "bind/bind.h"

#include <stdio.h>

#include "base/defence.h"
#include "bind/model.h"
#include "meter/pins.h"
#include "run/generation.h"
#include "run/path.h"
#include "run/strand/strand.h"
#include "run/realm/realm.h"
#include "run/sandbox.h"
#include "wire/turns.h"

#define STICKY_TYPE "perilune.sticky"
#define AWAY_RETRY  5 /* seconds, when nobody said how long */
#define LONGEST_KEY 600

static const struct shared_kind pins_kind = {.name = "sticky",
                                             .size = sizeof(struct pins),
                                             .most = 64,
                                             .init = pins_init,
                                             .fini = pins_fini};

struct sticky {
    struct pins *pins;
    nanos keep;
    str name;
};

static struct sticky *to_sticky(lua_State *L, int arg)
{
    return luaL_checkudata(L, arg, STICKY_TYPE);
}

/* sticky(name, keep) -> the pins of that name, which last so many seconds */
static int new_sticky(lua_State *L)
{
    struct generation *g = generation_of(L);
    nanos keep = nanos_of(luaL_checknumber(L, 2));
    str name = bind_keep(L, 1);
    struct pins *pins = realm_share(g->rt->realm, &pins_kind, name);
    if (pins == NULL)
        return sandbox_raise(L, "sticky: there are %d others, or no memory",
                             pins_kind.most);
    uint64_t dice[2];
    world_random(g->rt->world, dice, sizeof dice);
    pins_seed(pins, dice);
    struct sticky *s = lua_newuserdatauv(L, sizeof *s, 0);
    *s = (struct sticky){.pins = pins, .keep = keep, .name = name};
    luaL_setmetatable(L, STICKY_TYPE);
    return 1;
}

/* sticky_target(text) -> what a target of that name is called in the pins */
static int target(lua_State *L)
{
    str text;
    text.p = luaL_checklstring(L, 1, &text.n);
    uint64_t hash = str_hash(text);
    lua_pushinteger(L, (lua_Integer)(hash != 0 ? hash : 1));
    return 1;
}

/* --- keys ------------------------------------------------------------------ */

/* What is pinned for a tool call; an id is of one user's conversations. */
static str call_key(const struct request *r, uint64_t id,
                    char room[LONGEST_KEY])
{
    int n = snprintf(room, LONGEST_KEY, "call %016llx %.*s",
                     (unsigned long long)id, STR_ARG(r->user));
    return (str){room, n < LONGEST_KEY ? (size_t)n : LONGEST_KEY - 1};
}

static uint64_t find_calls(const struct sticky *s, const struct request *r,
                           const uint64_t *ids, int n)
{
    char room[LONGEST_KEY];
    nanos now = world_now(r->rt->world);
    uint64_t found = 0;
    for (int i = 0; i < n && found == 0; i++)
        found = pins_get(s->pins, call_key(r, ids[i], room), now);
    return found;
}

/* sticky_find(sticky, req, key or nil) -> the target pinned to it or nil, is the
** last message a tool's result? */
static int find(lua_State *L)
{
    const struct sticky *s = to_sticky(L, 1);
    struct view *view = bind_view(L, 2);
    struct request *r = view->request;
    uint64_t ids[TAP_IDS], found = 0;
    int n = turns_loop(bind_messages(view), ids, TAP_IDS);
    str key = STR_NONE;
    if (n > 0)
        found = find_calls(s, r, ids, n);
    if (found == 0 && lua_type(L, 3) == LUA_TSTRING) {
        key.p = lua_tolstring(L, 3, &key.n);
        found = pins_get(s->pins, key, world_now(r->rt->world));
    }
    if (found != 0)
        lua_pushinteger(L, (lua_Integer)found);
    else
        lua_pushnil(L);
    lua_pushboolean(L, n >= 0);
    return 2;
}

/* sticky_pinned(sticky, req): the path says that a pin was followed */
static int pinned(lua_State *L)
{
    const struct sticky *s = to_sticky(L, 1);
    struct view *view = bind_view(L, 2);
    request_step(view->request, s->name, "pinned");
    return 0;
}

/* --- learning -------------------------------------------------------------- */

/* A reply that is on its way: what is learnt when it was said to the client. */
struct lesson {
    struct ending ending; /* first */
    struct pins *pins;
    struct call *call; /* holds a reference */
    str key;           /* or absent */
    uint64_t target;
    nanos keep;
};

static void note(const struct lesson *l, const struct request *r)
{
    const struct tap *tap = &l->call->tap;
    nanos now = world_now(r->rt->world);
    char room[LONGEST_KEY];
    if (l->key.p != NULL)
        pins_put(l->pins, l->key, l->target, now, now + l->keep);
    for (int i = 0; i < tap->ids_n; i++)
        pins_put(l->pins, call_key(r, tap->ids[i], room), l->target, now,
                 now + l->keep);
}

static void learn(struct ending *ending, struct request *r)
{
    const struct lesson *l = (const struct lesson *)(const void *)ending;
    if (r->answer == l->call) /* else another one was said */
        note(l, r);
    call_release(l->call);
}

/* sticky_keep(sticky, req, key or nil, target, reply): its target answered. It
** is known at once, but in a branch, whose reply may come to nothing. A reply
** that no model made pins nothing. */
static int keep(lua_State *L)
{
    const struct sticky *s = to_sticky(L, 1);
    struct request *r = bind_view(L, 2)->request;
    const struct live *live = luaL_testudata(L, 5, LIVE_TYPE);
    nanos now = world_now(r->rt->world);
    str key = STR_NONE;
    if (live == NULL || live_call(live) == NULL)
        return 0;
    if (lua_type(L, 3) == LUA_TSTRING)
        key.p = lua_tolstring(L, 3, &key.n);
    struct lesson *l = arena_zero(&r->arena, sizeof *l);
    if (l == NULL)
        return 0;
    *l = (struct lesson){.ending = {.run = learn},
                         .pins = s->pins,
                         .call = live->call,
                         .key = arena_copy(&r->arena, key),
                         .target = (uint64_t)luaL_checkinteger(L, 4),
                         .keep = s->keep};
    call_keep(l->call);
    if (l->key.p != NULL && bind_strand(L, r)->parent == NULL)
        pins_put(s->pins, l->key, l->target, now, now + s->keep);
    request_on_end(r, &l->ending);
    return 0;
}

/* --- away ------------------------------------------------------------------ */

/* Has it failed in this request when it was asked last, in a way that content
** has no part in? Then a combinator asks somebody else (LANGUAGE rule 15). */
static bool has_failed(const struct request *r, const struct model *m)
{
    bool bad = false;
    for (const struct step *s = r->steps; s != NULL; s = s->next) {
        const struct call *c = s->call;
        if (c != NULL && c->ask.provider == m->provider &&
            str_eq(c->ask.model, m->name))
            bad = fault_passing(c->fault.kind);
    }
    return bad;
}

/* failed(req, model) -> has this model failed in this request already? */
static int failed(lua_State *L)
{
    const struct view *view = bind_view(L, 1);
    const struct model *m = luaL_checkudata(L, 2, MODEL_TYPE);
    lua_pushboolean(L, has_failed(view->request, m));
    return 1;
}

/* Will it be there again if one only waits? */
static bool is_away(const struct fault *fault)
{
    return fault->kind == FAULT_NONE || fault->kind == FAULT_DEADLINE ||
           fault->retry_after > 0 || fault_passing(fault->kind);
}

static int push_away(lua_State *L, const struct sticky *s,
                     const struct fault *fault)
{
    const char *text = lua_pushfstring(
        L,
        "%s: the model that called this tool is away, and no other may take "
        "over between a call and its result; try again in a moment",
        s->name.p);
    struct written_reply *w =
        bind_push_written(L, WRITTEN_REFUSE, str_of(text));
    w->status = 503;
    w->again = true;
    w->wait = fault_comeback(fault);
    if (w->wait == 0)
        w->wait = AWAY_RETRY * NANOS_S;
    snprintf(w->code, sizeof w->code, "model_away");
    return 1;
}

/* sticky_refuse(sticky, req) -> a refusal: the model of this loop is away, or
** what it failed with when waiting would not help */
static int refuse(lua_State *L)
{
    const struct sticky *s = to_sticky(L, 1);
    struct request *r = bind_view(L, 2)->request;
    const struct fault *fault = &bind_strand(L, r)->fault;
    if (is_away(fault))
        return push_away(L, s, fault);
    bool raw = fault->body.p != NULL;
    struct written_reply *w = bind_push_written(
        L, WRITTEN_REFUSE, raw ? fault->body : fault->message);
    w->raw = raw;
    w->status = fault->status;
    snprintf(w->code, sizeof w->code, "%s", fault_name(fault->kind));
    return 1;
}

static const luaL_Reg functions[] = {
    {"sticky", new_sticky}, {"sticky_target", target},
    {"sticky_find", find},  {"sticky_pinned", pinned},
    {"sticky_keep", keep},  {"sticky_refuse", refuse},
    {"failed", failed},     {NULL, NULL},
};

void bind_sticky(lua_State *L)
{
    bind_type(L, &(struct bind_type){.name = STICKY_TYPE});
    luaL_setfuncs(L, functions, 0);
}
