/*
** order.c -- pairs and next in a world that replays.
**
** Lua walks a table in the order of its keys' hashes, which hang on addresses
** and on the hour: another one in every run. Here keys come in an order of
** their own: false and true, whole numbers, others, texts byte by byte. What has no order of
** its own, a table or a function as a key, comes as it lies in memory, which is
** in the order of making as long as nothing was collected.
**
** The real world keeps Lua's own, which cost nothing more.
*/
#include "run/safe/safe.h"

#include <lauxlib.h>

#include "run/sandbox.h"

static int rank(int kind)
{
    switch (kind) {
    case LUA_TBOOLEAN:
        return 0;
    case LUA_TNUMBER:
        return 1;
    case LUA_TSTRING:
        return 2;
    default:
        return 3 + kind;
    }
}

static bool number_before(lua_State *L, int a, int b)
{
    bool whole = lua_isinteger(L, a);
    if (whole != lua_isinteger(L, b))
        return whole;
    return lua_compare(L, a, b, LUA_OPLT);
}

static bool text_before(lua_State *L, int a, int b)
{
    str x, y;
    x.p = lua_tolstring(L, a, &x.n);
    y.p = lua_tolstring(L, b, &y.n);
    int c = memcmp(x.p, y.p, x.n < y.n ? x.n : y.n);
    return c != 0 ? c < 0 : x.n < y.n;
}

/* Does the key at `a` come before the one at `b`? Both are absolute. */
static bool before(lua_State *L, int a, int b)
{
    int kind = lua_type(L, a);
    if (kind != lua_type(L, b))
        return rank(kind) < rank(lua_type(L, b));
    switch (kind) {
    case LUA_TBOOLEAN:
        return !lua_toboolean(L, a) && lua_toboolean(L, b);
    case LUA_TNUMBER:
        return number_before(L, a, b);
    case LUA_TSTRING:
        return text_before(L, a, b);
    default:
        return lua_topointer(L, a) < lua_topointer(L, b);
    }
}

/* --- next ------------------------------------------------------------------ */

/* Lists are walked without a search: the key behind 3 is 4, if there is one. */
static bool next_of_list(lua_State *L)
{
    if (!lua_isinteger(L, 2))
        return false;
    lua_Integer i = lua_tointeger(L, 2);
    if (i < 1 || i >= (lua_Integer)lua_rawlen(L, 1))
        return false;
    lua_pushinteger(L, i + 1);
    return lua_rawgeti(L, 1, i + 1) != LUA_TNIL;
}

/* next(t, k) -> the key behind k, in order, and its value; nil at the end. */
static int ordered_next(lua_State *L)
{
    struct pace pace = {L, PACE_STEPS};
    luaL_checktype(L, 1, LUA_TTABLE);
    lua_settop(L, 2);
    if (next_of_list(L))
        return 2;
    lua_settop(L, 2);
    lua_pushnil(L); /* 3: the best so far, 4: its value */
    lua_pushnil(L);
    for (lua_pushnil(L); lua_next(L, 1) != 0; lua_settop(L, 5)) {
        pace_step(&pace, 8);
        if (!lua_isnil(L, 2) && !before(L, 2, 5))
            continue;
        if (!lua_isnil(L, 3) && !before(L, 5, 3))
            continue;
        lua_copy(L, 5, 3);
        lua_copy(L, 6, 4);
    }
    lua_settop(L, 4);
    return lua_isnil(L, 3) ? (lua_settop(L, 3), 1) : 2;
}

/* --- pairs ----------------------------------------------------------------- */

/* Let the key on top (popped) sink from place `at` of a heap of n keys. */
static void sink(struct pace *pace, lua_Integer at, lua_Integer n)
{
    lua_State *L = pace->L;
    int keys = 2, key = lua_gettop(L);
    for (lua_Integer child; (child = 2 * at) <= n; at = child) {
        pace_step(pace, 8);
        lua_rawgeti(L, keys, child);
        if (child < n) {
            lua_rawgeti(L, keys, child + 1);
            if (before(L, key + 1, key + 2))
                child++;
            lua_remove(L, child % 2 == 1 ? key + 1 : key + 2);
        }
        if (!before(L, key, key + 1)) {
            lua_settop(L, key);
            break;
        }
        lua_rawseti(L, keys, at);
    }
    lua_rawseti(L, keys, at);
}

/* The list of keys at 2, in order. */
static void sort_keys(lua_State *L, lua_Integer n)
{
    struct pace pace = {L, PACE_STEPS};
    for (lua_Integer at = n / 2; at >= 1; at--) {
        lua_rawgeti(L, 2, at);
        sink(&pace, at, n);
    }
    for (; n > 1; n--) {
        lua_rawgeti(L, 2, n);
        lua_rawgeti(L, 2, 1);
        lua_rawseti(L, 2, n);
        sink(&pace, 1, n - 1);
    }
}

/* Upvalues: the keys, how many were walked. One that is gone is passed over. */
static int walk(lua_State *L)
{
    lua_Integer at = lua_tointeger(L, lua_upvalueindex(2));
    lua_settop(L, 1);
    do {
        lua_settop(L, 1);
        at++;
        if (lua_rawgeti(L, lua_upvalueindex(1), at) == LUA_TNIL)
            break;
        lua_pushvalue(L, 2);
    } while (lua_rawget(L, 1) == LUA_TNIL);
    lua_pushinteger(L, at);
    lua_replace(L, lua_upvalueindex(2));
    return lua_gettop(L) - 1;
}

static int done(lua_State *L, int status, lua_KContext context)
{
    (void)status;
    (void)context;
    return lua_gettop(L) < 3 ? 0 : 3;
}

/* pairs(t) -> what `for` wants, the keys in order. */
static int ordered_pairs(lua_State *L)
{
    luaL_checkany(L, 1);
    lua_settop(L, 1);
    if (luaL_getmetafield(L, 1, "__pairs") != LUA_TNIL) {
        lua_pushvalue(L, 1);
        lua_remove(L, 1);
        lua_callk(L, 1, 3, 0, done);
        return done(L, LUA_OK, 0);
    }
    luaL_checktype(L, 1, LUA_TTABLE);
    lua_newtable(L);
    lua_Integer n = 0;
    for (lua_pushnil(L); lua_next(L, 1) != 0; lua_settop(L, 3)) {
        lua_pushvalue(L, 3);
        lua_rawseti(L, 2, ++n);
    }
    sort_keys(L, n);
    lua_pushinteger(L, 0);
    lua_pushcclosure(L, walk, 2);
    lua_pushvalue(L, 1);
    lua_pushnil(L);
    return 3;
}

static const luaL_Reg functions[] = {
    {"next", ordered_next},
    {"pairs", ordered_pairs},
    {NULL, NULL},
};

void safe_order(lua_State *L)
{
    luaL_setfuncs(L, functions, 0);
}
