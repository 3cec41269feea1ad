/*
** tables.c -- the table library, on what is really in the table.
**
** Lua's own asks __len, __index and __newindex, and so may be led through
** 2^63 items without an instruction of Lua's in between. Here a table whose
** metatable has one of them is refused, and every loop looks at the clock.
*/
#include "run/safe/safe.h"

#include <lauxlib.h>
#include <limits.h>

#include "run/sandbox.h"

#define MOST_MOVED ((lua_Integer)1 << 24)

/* --- what is taken --------------------------------------------------------- */

static void check_plain(lua_State *L, int arg, const char *what)
{
    static const char *const led[] = {"__index", "__newindex", "__len"};
    luaL_checktype(L, arg, LUA_TTABLE);
    for (size_t i = 0; i < sizeof led / sizeof led[0]; i++)
        if (luaL_getmetafield(L, arg, led[i]) != LUA_TNIL)
            sandbox_deny(L,
                         "table.%s: a table whose metatable has %s is not "
                         "taken here",
                         what, led[i]);
}

static lua_Integer length(lua_State *L, int arg, const char *what)
{
    check_plain(L, arg, what);
    return (lua_Integer)lua_rawlen(L, arg);
}

/* --- insert, remove -------------------------------------------------------- */

/* t[i] = t[i - by], for i from `from` in the direction of `to`. */
static void shift(lua_State *L, lua_Integer from, lua_Integer to,
                  lua_Integer by)
{
    struct pace pace = {L, PACE_STEPS};
    for (lua_Integer i = from; i != to; i -= by) {
        lua_rawgeti(L, 1, i - by);
        lua_rawseti(L, 1, i);
        pace_step(&pace, 1);
    }
}

static int insert(lua_State *L)
{
    lua_Integer end = length(L, 1, "insert") + 1, at = end;
    switch (lua_gettop(L)) {
    case 2:
        break;
    case 3:
        at = luaL_checkinteger(L, 2);
        luaL_argcheck(L, at >= 1 && at <= end, 2, "position out of bounds");
        shift(L, end, at, 1);
        break;
    default:
        return luaL_error(L, "wrong number of arguments to 'insert'");
    }
    lua_rawseti(L, 1, at);
    return 0;
}

static int take_out(lua_State *L)
{
    lua_Integer n = length(L, 1, "remove"), at = luaL_optinteger(L, 2, n);
    if (at != n)
        luaL_argcheck(L, at >= 1 && at <= n + 1, 1, "position out of bounds");
    lua_rawgeti(L, 1, at);
    if (at < n)
        shift(L, at, n, -1);
    lua_pushnil(L);
    lua_rawseti(L, 1, at < n ? n : at);
    return 1;
}

/* --- concat, unpack, move -------------------------------------------------- */

static int concat(lua_State *L)
{
    lua_Integer n = length(L, 1, "concat");
    size_t sep_n;
    const char *sep = luaL_optlstring(L, 2, "", &sep_n);
    lua_Integer from = luaL_optinteger(L, 3, 1), to = luaL_optinteger(L, 4, n);
    struct pace pace = {L, PACE_STEPS};
    luaL_Buffer b;
    luaL_buffinit(L, &b);
    for (lua_Integer i = from; i <= to; i++) {
        lua_rawgeti(L, 1, i);
        if (!lua_isstring(L, -1))
            return luaL_error(
                L, "invalid value (%s) at index %I in table for 'concat'",
                luaL_typename(L, -1), (LUAI_UACINT)i);
        luaL_addvalue(&b);
        pace_step(&pace, 1);
        if (i == to)
            break; /* it may be the largest there is */
        luaL_addlstring(&b, sep, sep_n);
    }
    luaL_pushresult(&b);
    return 1;
}

static int unpack(lua_State *L)
{
    lua_Integer n = length(L, 1, "unpack");
    lua_Integer from = luaL_optinteger(L, 2, 1), to = luaL_optinteger(L, 3, n);
    struct pace pace = {L, PACE_STEPS};
    if (from > to)
        return 0;
    lua_Unsigned count = (lua_Unsigned)to - (lua_Unsigned)from;
    if (count >= INT_MAX || !lua_checkstack(L, (int)(count + 1)))
        return luaL_error(L, "too many results to unpack");
    for (lua_Unsigned i = 0; i <= count; i++) {
        lua_rawgeti(L, 1, (lua_Integer)((lua_Unsigned)from + i));
        pace_step(&pace, 1);
    }
    return (int)count + 1;
}

/* Do the two ranges lie so that the last item must go first? */
static bool backwards(lua_State *L, lua_Integer from, lua_Integer end,
                      lua_Integer to, int into)
{
    return to > from && to <= end && lua_rawequal(L, 1, into);
}

static int move(lua_State *L)
{
    lua_Integer from = luaL_checkinteger(L, 2), end = luaL_checkinteger(L, 3);
    lua_Integer to = luaL_checkinteger(L, 4);
    int into = lua_isnoneornil(L, 5) ? 1 : 5;
    struct pace pace = {L, PACE_STEPS};
    check_plain(L, 1, "move");
    check_plain(L, into, "move");
    if (end >= from) {
        luaL_argcheck(L, from > 0 || end < LUA_MAXINTEGER + from, 3,
                      "too many elements to move");
        lua_Integer n = end - from + 1;
        luaL_argcheck(L, to <= LUA_MAXINTEGER - n + 1, 4,
                      "destination wrap around");
        if (n > MOST_MOVED)
            return sandbox_deny(L, "table.move: too many elements to move");
        bool back = backwards(L, from, end, to, into);
        for (lua_Integer i = 0; i < n; i++) {
            lua_Integer at = back ? n - 1 - i : i;
            lua_rawgeti(L, 1, from + at);
            lua_rawseti(L, into, to + at);
            pace_step(&pace, 1);
        }
    }
    lua_pushvalue(L, into);
    return 1;
}

/* --- sort ------------------------------------------------------------------ */

/* Is the value at a less than the one at b, as the caller of sort sees it? */
static bool less(lua_State *L, int a, int b)
{
    if (lua_isnil(L, 2))
        return lua_compare(L, a, b, LUA_OPLT);
    lua_pushvalue(L, 2);
    lua_pushvalue(L, a - (a < 0));
    lua_pushvalue(L, b - 2 * (b < 0));
    lua_call(L, 2, 1);
    bool is = lua_toboolean(L, -1);
    lua_pop(L, 1);
    return is;
}

/* Let the value on top (popped) sink from place `at` of a heap of n items. */
static void sink(struct pace *pace, lua_Integer at, lua_Integer n)
{
    lua_State *L = pace->L;
    for (lua_Integer child; (child = 2 * at) <= n; at = child) {
        pace_step(pace, 8);
        lua_rawgeti(L, 1, child);
        if (child < n) {
            lua_rawgeti(L, 1, child + 1);
            child += less(L, -2, -1);
            lua_remove(L, child % 2 == 1 ? -2 : -1);
        }
        if (!less(L, -2, -1)) {
            lua_pop(L, 1);
            break;
        }
        lua_rawseti(L, 1, at);
    }
    lua_rawseti(L, 1, at);
}

/* Heapsort: never slow, whatever the comparator says, and it needs no order to
** end. */
static int sort(lua_State *L)
{
    lua_Integer n = length(L, 1, "sort");
    struct pace pace = {L, PACE_STEPS};
    if (n < 2)
        return 0;
    luaL_argcheck(L, n < INT_MAX, 1, "array too big");
    if (!lua_isnoneornil(L, 2))
        luaL_checktype(L, 2, LUA_TFUNCTION);
    lua_settop(L, 2);
    for (lua_Integer at = n / 2; at >= 1; at--) {
        lua_rawgeti(L, 1, at);
        sink(&pace, at, n);
    }
    for (; n > 1; n--) {
        lua_rawgeti(L, 1, n);
        lua_rawgeti(L, 1, 1);
        lua_rawseti(L, 1, n);
        sink(&pace, 1, n - 1);
    }
    return 0;
}

static const luaL_Reg functions[] = {
    {"insert", insert}, {"remove", take_out}, {"concat", concat},
    {"unpack", unpack}, {"move", move},       {"sort", sort},
    {NULL, NULL},
};

void safe_tables(lua_State *L)
{
    luaL_setfuncs(L, functions, 0);
}
