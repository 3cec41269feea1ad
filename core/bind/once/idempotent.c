/*
** idempotent.c -- p.idempotent: how requests are known again.
*/
#include "bind/bind.h"

#include "run/generation.h"

/* idempotent(ttl, key = nil): answers are kept for so many seconds, 0: none are;
** key(req) -> a text, or nil, in place of the client's own key */
static int idempotent(lua_State *L)
{
    lua_Number ttl = luaL_checknumber(L, 1);
    struct generation *g = generation_of(L);
    lua_settop(L, 2);
    g->idempotent.off = ttl <= 0;
    g->idempotent.ttl = nanos_of(ttl);
    if (!lua_isnil(L, 2)) {
        luaL_checktype(L, 2, LUA_TFUNCTION);
        g->idempotent.key = luaL_ref(L, LUA_REGISTRYINDEX);
    }
    return 0;
}

static const luaL_Reg functions[] = {
    {"idempotent", idempotent},
    {NULL, NULL},
};

void bind_idempotent(lua_State *L)
{
    luaL_setfuncs(L, functions, 0);
}
