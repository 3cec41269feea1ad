/*
** base.c -- pcall, xpcall, setmetatable and tostring as policies have them.
**
** A doomed error passes through every pcall. What tostring says of a thing
** that has no text is its kind: where it lies in memory is nobody's business.
*/
#include "run/safe/safe.h"

#include <lauxlib.h>

#include "base/defence.h"
#include "run/sandbox.h"

/* --- catching -------------------------------------------------------------- */

/* Called when the guarded function is done, also after it had to wait. */
static int guarded(lua_State *L, int status, lua_KContext handler)
{
    if (status == LUA_OK || status == LUA_YIELD)
        return lua_gettop(L) - (int)handler;
    if (status == LUA_ERRMEM || generation_of(L)->allowed.doom != DOOM_NONE)
        return allowance_raise(L, DOOM_HEAP);
    if (handler == 0) {
        lua_pushboolean(L, 0);
        lua_insert(L, -2);
        return 2;
    }
    lua_pushvalue(L, 1);
    lua_insert(L, -2);
    lua_call(L, 1, 1);
    lua_pushboolean(L, 0);
    lua_insert(L, -2);
    return 2;
}

static int safe_pcall(lua_State *L)
{
    luaL_checkany(L, 1);
    lua_pushboolean(L, 1);
    lua_insert(L, 1);
    int status = lua_pcallk(L, lua_gettop(L) - 2, LUA_MULTRET, 0, 0, guarded);
    return guarded(L, status, 0);
}

/* The handler runs after the stack is unwound: inside Lua's own xpcall it
** would run in the very place where the deadline had struck. */
static int safe_xpcall(lua_State *L)
{
    luaL_checktype(L, 2, LUA_TFUNCTION);
    int arguments = lua_gettop(L) - 2;
    lua_pushvalue(L, 1); /* f h ... f */
    lua_copy(L, 2, 1);   /* h h ... f */
    lua_replace(L, 2);   /* h f ... */
    lua_pushboolean(L, 1);
    lua_insert(L, 2); /* h true f ... */
    int status = lua_pcallk(L, arguments, LUA_MULTRET, 0, 1, guarded);
    return guarded(L, status, 1);
}

/* --- metatables ------------------------------------------------------------ */

/* Lua runs finalizers where no hook looks; and a collection of weak tables
** that lead from key to key takes quadratic time, all at once. */
static void refuse_field(lua_State *L, const char *name, const char *what)
{
    lua_pushstring(L, name);
    if (lua_rawget(L, 2) != LUA_TNIL && DEFENCE(finalizers))
        sandbox_deny(L, "%s (%s) are not allowed here", what, name);
    lua_pop(L, 1);
}

static int safe_setmetatable(lua_State *L)
{
    if (lua_type(L, 1) == LUA_TUSERDATA ||
        luaL_getmetafield(L, 1, "__metatable") != LUA_TNIL)
        return sandbox_deny(L, "cannot change a protected metatable");
    luaL_checktype(L, 1, LUA_TTABLE);
    luaL_argexpected(L, lua_istable(L, 2) || lua_isnil(L, 2), 2,
                     "nil or table");
    if (lua_istable(L, 2)) {
        refuse_field(L, "__gc", "finalizers");
        refuse_field(L, "__mode", "weak tables");
    }
    lua_settop(L, 2);
    lua_setmetatable(L, 1);
    return 1;
}

/* --- text ------------------------------------------------------------------ */

static bool has_text(int kind)
{
    return kind < LUA_TTABLE && kind != LUA_TLIGHTUSERDATA;
}

const char *safe_show(lua_State *L, int arg)
{
    if (has_text(lua_type(L, arg)))
        return luaL_tolstring(L, arg, NULL);
    if (luaL_getmetafield(L, arg, "__name") == LUA_TSTRING)
        return lua_tostring(L, -1);
    if (!DEFENCE(addresses))
        return luaL_tolstring(L, arg, NULL);
    return lua_pushstring(L, luaL_typename(L, arg));
}

const char *safe_tostring(lua_State *L, int arg)
{
    if (!has_text(lua_type(L, arg)) &&
        luaL_getmetafield(L, arg, "__tostring") != LUA_TNIL) {
        lua_pop(L, 1);
        return luaL_tolstring(L, arg, NULL);
    }
    return safe_show(L, arg);
}

static int tostring(lua_State *L)
{
    luaL_checkany(L, 1);
    safe_tostring(L, 1);
    return 1;
}

static const luaL_Reg functions[] = {
    {"pcall", safe_pcall},
    {"xpcall", safe_xpcall},
    {"setmetatable", safe_setmetatable},
    {"tostring", tostring},
    {NULL, NULL},
};

void safe_base(lua_State *L)
{
    luaL_setfuncs(L, functions, 0);
}
