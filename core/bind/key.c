/*
** key.c -- req.key: what the client's key proves of whoever asks.
**
** A table of Lua's behind a userdata that only shows it: nothing of it is
** changed by a policy, and it outlives its request without pointing there. The
** key's own text is not in it, since nobody knows it.
*/
#include "bind/bind.h"

#include "run/safe/safe.h"
#include "run/sandbox.h"

#define KEY_TYPE "perilune.key"

static const char *const names[] = {"admin",  "feature", "id",   "metadata",
                                    "models", "team",    "user", NULL};

static int unknown(lua_State *L)
{
    luaL_Buffer b;
    luaL_buffinit(L, &b);
    for (int i = 0; names[i] != NULL; i++) {
        luaL_addstring(&b, i > 0 ? ", " : "");
        luaL_addstring(&b, names[i]);
    }
    luaL_pushresult(&b);
    return sandbox_raise(L, "there is no req.key.%s (there are: %s)",
                         safe_show(L, 2), lua_tostring(L, -1));
}

/* req.key.id, .user, .team, ... -> what the key says; nil: it does not say */
static int field(lua_State *L)
{
    luaL_checkudata(L, 1, KEY_TYPE);
    const char *name =
        lua_type(L, 2) == LUA_TSTRING ? lua_tostring(L, 2) : NULL;
    int i = 0;
    while (names[i] != NULL && (name == NULL || strcmp(names[i], name) != 0))
        i++;
    if (names[i] == NULL)
        return unknown(L);
    lua_getiuservalue(L, 1, 1);
    lua_getfield(L, -1, names[i]);
    return 1;
}

/* req.key.x = y raises */
static int newindex(lua_State *L)
{
    return sandbox_deny(L,
                        "req.key.%s is what the key says, and is not "
                        "changed by a policy; keep it in a local",
                        safe_show(L, 2));
}

static void set_text(lua_State *L, const char *name, str value)
{
    if (value.p == NULL)
        return;
    lua_pushlstring(L, value.p, value.n);
    lua_setfield(L, -2, name);
}

static void set_json(lua_State *L, const char *name, str value)
{
    if (value.p == NULL || !bind_push_json(L, json_of(value)))
        return;
    lua_setfield(L, -2, name);
}

void bind_push_key(lua_State *L, const struct client_key *key)
{
    if (key == NULL) {
        lua_pushnil(L);
        return;
    }
    lua_newuserdatauv(L, 1, 1);
    luaL_setmetatable(L, KEY_TYPE);
    lua_newtable(L);
    set_text(L, "id", key->id);
    set_text(L, "user", key->user);
    set_text(L, "team", key->team);
    set_text(L, "feature", key->feature);
    set_json(L, "models", key->models);
    set_json(L, "metadata", key->metadata);
    lua_pushboolean(L, key->admin);
    lua_setfield(L, -2, "admin");
    lua_setiuservalue(L, -2, 1);
}

void bind_key(lua_State *L)
{
    bind_type(L, &(struct bind_type){.name = KEY_TYPE, .index = field});
    luaL_getmetatable(L, KEY_TYPE);
    lua_pushcfunction(L, newindex);
    lua_setfield(L, -2, "__newindex");
    lua_pop(L, 1);
}
