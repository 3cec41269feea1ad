/*
** check.c -- loading a policy as the gateway would, and what came of it.
**
** A whole runtime is opened in a world without sockets. Whatever key is asked for
** is there: one that is missing here is no fault of the policy's, and what it
** does with it is what is to be seen.
*/
#include "tool/inner.h"

#include "net/virtual/virtual.h"
#include "run/generation.h"

static void push_models(lua_State *L, const struct generation *g)
{
    lua_Integer i = 0;
    lua_newtable(L);
    for (const struct model_entry *m = g->models; m != NULL; m = m->next) {
        lua_pushlstring(L, m->id.p, m->id.n);
        lua_rawseti(L, -2, ++i);
    }
    lua_setfield(L, -2, "models");
}

static int push_check(lua_State *L, const struct runtime *rt)
{
    if (rt->current == NULL) {
        lua_pushnil(L);
        lua_pushlstring(L, buf_str(&rt->load_error).p, rt->load_error.n);
        return 2;
    }
    lua_createtable(L, 0, 2);
    lua_pushstring(L, rt->current->version);
    lua_setfield(L, -2, "version");
    push_models(L, rt->current);
    return 1;
}

/* check(path) -> { version =, models = {...} }, or nil and what is wrong */
int tool_check(lua_State *L)
{
    const struct tool *tool = tool_of(L);
    struct policy_source source = {
        .name = str_of(luaL_checkstring(L, 1)),
        .library = str_of(tool->library),
    };
    struct world *world;
    struct runtime rt = {.bind = tool->bind, .unwatched = true};
    if (virtual_open(&world, &(struct virtual_setup){.seed = 1}) != 0)
        return luaL_error(L, "the runtime cannot be opened");
    int results = 2;
    if (runtime_init(&rt, world, "") == 0)
        runtime_load(&rt, &source);
    results = push_check(L, &rt);
    runtime_fini(&rt);
    virtual_close(world);
    return results;
}
