/*
** breaker.c -- p.breaker: a named breaker before any rung.
**
** A pass is what a request holds while its rung works. It is closed by Lua
** however that ends: a policy that raises or a client that leaves says nothing
** about the rung, and gives a probe's right back.
*/
#include "bind/model.h"

#include "net/call/fault_sign.h"
#include "run/generation.h"
#include "run/path.h"
#include "run/realm/targets.h"

#define BREAKER_TYPE "perilune.breaker"
#define PASS_TYPE    "perilune.pass"

struct guard {
    struct breaker *breaker; /* lives in the realm */
    struct breaker_rules rules;
    str name;
};

struct pass {
    struct guard *guard; /* the user value keeps it */
    struct world *world;
    uint64_t ticket;    /* 0: told already */
    const char *before; /* the text of the last failure, as an address */
};

/* breaker(name, rules) -> a breaker; rules are checked by perilune.breaker */
static int new_breaker(lua_State *L)
{
    luaL_checkstring(L, 1);
    luaL_checktype(L, 2, LUA_TTABLE);
    lua_settop(L, 2);
    struct generation *gen = generation_of(L);
    struct guard *g = lua_newuserdatauv(L, sizeof *g, 0);
    *g = (struct guard){.rules = breaker_usual};
    luaL_setmetatable(L, BREAKER_TYPE);
    g->name = bind_keep(L, 1);
    lua_pushvalue(L, 2);
    bind_read_breaker(L, &g->rules);
    lua_pop(L, 1);
    g->rules.probe = gen->rt->limits.deadline;
    g->breaker = targets_breaker(gen->rt->realm, g->name);
    if (g->breaker == NULL)
        return luaL_error(L, "not enough memory for a breaker");
    return 1;
}

static void decline(struct request *r, struct strand *s, const struct guard *g,
                    nanos wait)
{
    nanos seconds = (wait + NANOS_S - 1) / NANOS_S;
    struct fault fault = {.kind = FAULT_OVERLOADED,
                          .status = fault_status(FAULT_OVERLOADED),
                          .retry_after = seconds > 0 ? (int)seconds : 1};
    fault.message = arena_print(
        &r->arena, "breaker %.*s: it failed too often; asked again in %lld s",
        STR_ARG(g->name), (long long)seconds);
    strand_fault(s, &fault);
    request_step(r, g->name, "open");
}

/* breaker_enter(breaker, req) -> a pass, or nil: it is open, req.fault says
** for how long */
static int enter(lua_State *L)
{
    struct guard *g = luaL_checkudata(L, 1, BREAKER_TYPE);
    struct request *r = bind_view(L, 2)->request;
    struct strand *s = bind_strand(L, r);
    struct world *world = r->rt->world;
    struct pass *pass = lua_newuserdatauv(L, sizeof *pass, 1);
    *pass = (struct pass){g, world, 0, s->fault.message.p};
    lua_pushvalue(L, 1);
    lua_setiuservalue(L, -2, 1);
    luaL_setmetatable(L, PASS_TYPE);
    struct breaker_view view;
    bool changed;
    pass->ticket =
        breaker_enter(g->breaker, &g->rules, world_now(world), &view, &changed);
    if (changed)
        targets_log_breaker(world, g->name, &view);
    if (pass->ticket != 0)
        return 1;
    decline(r, s, g, view.wait);
    lua_pushnil(L);
    return 1;
}

static void say(struct pass *pass, enum breaker_sign sign)
{
    struct breaker_view view;
    struct breaker_word word = {.ticket = pass->ticket, .sign = sign};
    if (pass->ticket == 0)
        return;
    pass->ticket = 0;
    word.now = world_now(pass->world);
    world_random(pass->world, &word.dice, sizeof word.dice);
    if (breaker_tell(pass->guard->breaker, &pass->guard->rules, &word, &view))
        targets_log_breaker(pass->world, pass->guard->name, &view);
}

/* A decline counts where the rung failed: not where it lay in the request, was
** only too fast, or where nobody was asked. */
static enum breaker_sign sign_of(const struct pass *pass,
                                 const struct fault *fault)
{
    if (fault->message.p == pass->before || fault->retry_after > 0)
        return BREAKER_NOTHING;
    if (fault->kind == FAULT_REJECTED)
        return BREAKER_BAD;
    enum visit_sign sign = fault_sign(fault->kind);
    bool failed = sign == VISIT_FAILED || sign == VISIT_STRAINED;
    return failed ? BREAKER_BAD : BREAKER_NOTHING;
}

/* breaker_tell(pass, req, reply): what came of it; nil: it declined */
static int tell(lua_State *L)
{
    struct pass *pass = luaL_checkudata(L, 1, PASS_TYPE);
    struct request *r = bind_view(L, 2)->request;
    if (!lua_toboolean(L, 3))
        say(pass, sign_of(pass, &bind_strand(L, r)->fault));
    else if (luaL_testudata(L, 3, LIVE_TYPE) != NULL)
        say(pass, BREAKER_WELL);
    return 0;
}

/* What was not told by then is never told. */
static int close_pass(lua_State *L)
{
    say(luaL_checkudata(L, 1, PASS_TYPE), BREAKER_NOTHING);
    return 0;
}

static const luaL_Reg functions[] = {
    {"breaker", new_breaker},
    {"breaker_enter", enter},
    {"breaker_tell", tell},
    {NULL, NULL},
};

void bind_breaker(lua_State *L)
{
    bind_type(L, &(struct bind_type){.name = BREAKER_TYPE});
    bind_type(L, &(struct bind_type){.name = PASS_TYPE});
    luaL_getmetatable(L, PASS_TYPE);
    lua_pushcfunction(L, close_pass);
    lua_setfield(L, -2, "__close");
    lua_pop(L, 1);
    luaL_setfuncs(L, functions, 0);
}
