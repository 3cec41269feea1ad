/*
** model.c -- a model as a rung: its declaration, and what Lua sees of it.
*/
#include "bind/model.h"

#include "run/generation.h"
#include "run/realm/targets.h"

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
            str word = str_of(lua_tostring(L, -1));
            uint32_t bit = (uint32_t)1 << kind;
            if (str_eq(word, STR("decline")))
                m->decline |= bit;
            else if (str_eq(word, STR("retry")))
                m->retry |= bit;
            else
                m->refuse |= bit;
        }
    lua_pop(L, 1);
}

/* Of an answer: what is said for the model, or for all of its provider. */
static int64_t read_max_out(lua_State *L, const struct model *m)
{
    lua_getfield(L, 2, "max_out");
    int64_t n = lua_tointeger(L, -1);
    lua_pop(L, 1);
    return n > 0 ? n : m->provider->max_out;
}

static void read_most(lua_State *L, struct bound_most *most)
{
    if (lua_getfield(L, 2, "most") == LUA_TTABLE)
        for (int kind = 0; kind < BOUND_KINDS; kind++) {
            int type = lua_getfield(L, -1, bound_name((enum bound_kind)kind));
            most->said |= type != LUA_TNIL ? 1u << kind : 0;
            most->of[kind] =
                type == LUA_TNUMBER ? lua_tointeger(L, -1) : BOUND_REFUSE;
            lua_pop(L, 1);
        }
    lua_pop(L, 1);
}

static void remember(lua_State *L, struct model *m)
{
    struct generation *g = generation_of(L);
    if (str_find(m->name, '*') < m->name.n)
        return; /* a pattern of p.asked, not a model */
    str full = arena_print(&g->arena, "%.*s/%.*s", STR_ARG(m->provider->name),
                           STR_ARG(m->name));
    str provider = m->provider->name;
    if (full.p == NULL || generation_declare(g, full, provider, m->name) != 0 ||
        (m->as.p != NULL &&
         generation_declare(g, m->as, provider, m->name) != 0))
        luaL_error(L, "not enough memory");
    m->target = targets_declare(g->rt->realm, m->provider->name, m->name);
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
    m->max_out = read_max_out(L, m);
    read_most(L, &m->most);
    read_faults(L, m);
    model_read_rules(L, m);
    remember(L, m);
    lua_settop(L, 3);
    return 1;
}

/* model(req) -> reply, or nil and a fault. Waits. */
static int call_model(lua_State *L)
{
    struct model *m = to_model(L, 1);
    struct view *view = bind_view(L, 2);
    return model_ask(L, m, view, view->model.p != NULL ? view->model : m->name);
}

/* model:ask(req, name) -> the same, of the provider's model `name`. Waits. */
static int ask_other(lua_State *L)
{
    struct model *m = to_model(L, 1);
    struct view *view = bind_view(L, 2);
    str name;
    name.p = luaL_checklstring(L, 3, &name.n);
    return model_ask(L, m, view, name);
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
