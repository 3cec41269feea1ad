/*
** rules.c -- the options of p.model that guard its target, checked by the Lua
** library: breaker = { failures, rate, least, window, open, slow } or false,
** concurrency = a number or "adaptive"; and limit (ration.c).
*/
#include "bind/model.h"

static lua_Number number_of(lua_State *L, const char *name,
                            lua_Number otherwise)
{
    lua_Number n = otherwise;
    if (lua_getfield(L, -1, name) == LUA_TNUMBER)
        n = lua_tonumber(L, -1);
    lua_pop(L, 1);
    return n;
}

static nanos time_of(lua_State *L, const char *name, nanos otherwise)
{
    lua_Number n = number_of(L, name, -1);
    return n >= 0 ? nanos_of(n) : otherwise;
}

void bind_read_breaker(lua_State *L, struct breaker_rules *rules)
{
    rules->failures = (int)number_of(L, "failures", rules->failures);
    rules->rate = number_of(L, "rate", rules->rate);
    rules->least = (int)number_of(L, "least", rules->least);
    rules->window = time_of(L, "window", rules->window);
    rules->open = time_of(L, "open", rules->open);
    if (rules->open_most < rules->open)
        rules->open_most = rules->open;
}

static void read_breaker(lua_State *L, struct target_rules *rules)
{
    int type = lua_getfield(L, 2, "breaker");
    rules->unbroken = type == LUA_TBOOLEAN && !lua_toboolean(L, -1);
    if (type == LUA_TTABLE) {
        bind_read_breaker(L, &rules->breaker);
        rules->slow = time_of(L, "slow", 0);
    }
    lua_pop(L, 1);
}

/* A probe is waited for as long as its call may take. */
void model_read_rules(lua_State *L, struct model *m)
{
    m->rules = (struct target_rules){.breaker = breaker_usual};
    m->rules.breaker.probe = m->patience.total + NANOS_S;
    read_breaker(L, &m->rules);
    int type = lua_getfield(L, 2, "concurrency");
    if (type == LUA_TNUMBER)
        m->rules.concurrency = (int)lua_tointeger(L, -1);
    else if (type == LUA_TSTRING)
        m->rules.concurrency = TARGET_ADAPTIVE;
    lua_pop(L, 1);
    str full = arena_print(&m->provider->arena, "%.*s/%.*s",
                           STR_ARG(m->provider->name), STR_ARG(m->name));
    m->rules.ration = bind_read_ration(L, m->provider, "model", full);
}
