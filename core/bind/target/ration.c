/*
** ration.c -- limit = "500 requests/min" of a provider or a model: what we allow
** ourselves.
**
** It lies with the provider, which lives as long as any of its calls.
*/
#include "bind/model.h"

#include "bind/rungs/limit.h"

static str text_of(lua_State *L, const char *name)
{
    str text;
    lua_getfield(L, -1, name);
    text.p = luaL_checklstring(L, -1, &text.n);
    lua_pop(L, 1); /* the table keeps it */
    return text;
}

static nanos wait_of(lua_State *L)
{
    lua_getfield(L, -1, "wait");
    nanos wait = nanos_of(luaL_optnumber(L, -1, 0));
    lua_pop(L, 1);
    return wait;
}

const struct ration *bind_read_ration(lua_State *L, struct provider *p,
                                      const char *kind, str name)
{
    if (lua_getfield(L, 2, "limit") != LUA_TTABLE) {
        lua_pop(L, 1);
        return NULL;
    }
    struct ration *r = arena_zero(&p->arena, sizeof *r);
    str full = arena_print(&p->arena, "%s:%.*s", kind, STR_ARG(name));
    if (r == NULL || full.p == NULL)
        luaL_error(L, "not enough memory for a limit");
    r->name = str_from(full, strlen(kind) + 1);
    r->rules = bind_read_amounts(L);
    r->wait = wait_of(L);
    r->limiter = bind_share_limit(L, full, text_of(L, "shape"));
    lua_pop(L, 1);
    return r;
}
