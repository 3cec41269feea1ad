/*
** policy.c -- what the Lua library asks of the version being loaded: where am
** I, what was declared, what is beside the policy.
*/
#include "bind/bind.h"

#include "base/err.h"
#include "run/generation.h"
#include "run/loader.h"
#include "run/sandbox.h"

#define DECLARED "perilune.declared" /* registry: "kind name" -> where, text */

/* raise(message): an error that points at the author's line */
static int raise(lua_State *L)
{
    return sandbox_raise(L, "%s", luaL_checkstring(L, 1));
}

/* where() -> "policy.lua:12" of the author's line, or "" */
static int where(lua_State *L)
{
    sandbox_where(L);
    return 1;
}

/* in_request() -> are we inside a request? */
static int in_request(lua_State *L)
{
    lua_pushboolean(L, request_of(L) != NULL);
    return 1;
}

/* kind(v) -> "model", "reply", "provider", "secret", "request", "cut" or nil */
static int kind(lua_State *L)
{
    static const char *const kinds[][2] = {
        {MODEL_TYPE, "model"},   {LIVE_TYPE, "reply"},
        {WRITTEN_TYPE, "reply"}, {PROVIDER_TYPE, "provider"},
        {SECRET_TYPE, "secret"}, {REQUEST_TYPE, "request"},
        {"perilune.cut", "cut"},
    };
    for (size_t i = 0; i < sizeof kinds / sizeof kinds[0]; i++)
        if (luaL_testudata(L, 1, kinds[i][0]) != NULL) {
            lua_pushstring(L, kinds[i][1]);
            return 1;
        }
    lua_pushnil(L);
    return 1;
}

/* declare(kind, name, text) -> nil the first time; then where and with what
** text it was first declared */
static int declare(lua_State *L)
{
    luaL_checkstring(L, 3);
    lua_settop(L, 3);
    luaL_getsubtable(L, LUA_REGISTRYINDEX, DECLARED);
    lua_pushfstring(L, "%s %s", luaL_checkstring(L, 1), luaL_checkstring(L, 2));
    lua_pushvalue(L, -1);
    if (lua_rawget(L, 4) == LUA_TTABLE) {
        lua_getfield(L, -1, "where");
        lua_getfield(L, -2, "text");
        return 2;
    }
    lua_pop(L, 1);
    lua_createtable(L, 0, 2);
    sandbox_where(L);
    lua_setfield(L, -2, "where");
    lua_pushvalue(L, 3);
    lua_setfield(L, -2, "text");
    lua_rawset(L, 4);
    lua_pushnil(L);
    return 1;
}

static const char *why_unread(int error)
{
    switch (error) {
    case ERR_MISSING:
        return "there is no such file beside the policy";
    case ERR_INPUT:
        return "it must be a regular file in the policy's folder";
    case ERR_LIMIT:
        return "it is larger than 1 MiB";
    case ERR_MEMORY:
        return "not enough memory";
    default:
        return "it cannot be read (permissions?)";
    }
}

/* read(path) -> the text of a file beside the policy, or nil and why not */
static int read_file(lua_State *L)
{
    str path, text;
    path.p = luaL_checklstring(L, 1, &path.n);
    int error = loader_read(generation_of(L), path, &text);
    if (error != 0) {
        lua_pushnil(L);
        lua_pushstring(L, why_unread(error));
        return 2;
    }
    lua_pushlstring(L, text.p, text.n);
    return 1;
}

/* rescue(f): f(req) answers when the policy raises */
static int rescue(lua_State *L)
{
    luaL_checktype(L, 1, LUA_TFUNCTION);
    lua_settop(L, 1);
    generation_of(L)->rescue = luaL_ref(L, LUA_REGISTRYINDEX);
    return 0;
}

static const luaL_Reg functions[] = {
    {"raise", raise},   {"where", where},     {"in_request", in_request},
    {"kind", kind},     {"declare", declare}, {"read", read_file},
    {"rescue", rescue}, {NULL, NULL},
};

void bind_policy(lua_State *L)
{
    luaL_setfuncs(L, functions, 0);
}
