/*
** acts.c -- what a simulated upstream shall do, out of a table that
** lua/testing/acts.lua has checked.
*/
#include "tool/inner.h"

static lua_Number number(lua_State *L, int t, const char *name)
{
    lua_getfield(L, t, name);
    lua_Number n = lua_tonumber(L, -1);
    lua_pop(L, 1);
    return n;
}

static bool flag(lua_State *L, int t, const char *name)
{
    lua_getfield(L, t, name);
    bool on = lua_toboolean(L, -1);
    lua_pop(L, 1);
    return on;
}

static bool has(lua_State *L, int t, const char *name)
{
    bool there = lua_getfield(L, t, name) != LUA_TNIL;
    lua_pop(L, 1);
    return there;
}

static str text_at(lua_State *L, int at, struct arena *arena)
{
    str text = STR_NONE;
    if (lua_type(L, at) == LUA_TSTRING)
        text.p = lua_tolstring(L, at, &text.n);
    return arena_copy(arena, text);
}

static str text(lua_State *L, int t, const char *name, struct arena *arena)
{
    lua_getfield(L, t, name);
    str value = text_at(L, -1, arena);
    lua_pop(L, 1);
    return value;
}

/* Where nothing is said the script has a default; "none" is a negative one. */
static nanos span(lua_State *L, int t, const char *name)
{
    nanos n = nanos_of(number(L, t, name));
    return n == 0 && has(L, t, name) ? -1 : n;
}

static int64_t count(lua_State *L, int t, const char *name)
{
    int64_t n = (int64_t)number(L, t, name);
    return n == 0 && has(L, t, name) ? -1 : n;
}

/* { { name, value }, ... } */
static void read_headers(lua_State *L, int t, struct sim_script *s,
                         struct arena *arena)
{
    lua_getfield(L, t, "headers");
    lua_Integer n = lua_istable(L, -1) ? luaL_len(L, -1) : 0;
    struct http_field *fields = arena_zero(arena, (size_t)n * sizeof *fields);
    for (lua_Integer i = 1; i <= n && fields != NULL; i++) {
        lua_geti(L, -1, i);
        lua_geti(L, -1, 1);
        lua_geti(L, -2, 2);
        fields[i - 1] =
            (struct http_field){text_at(L, -2, arena), text_at(L, -1, arena)};
        lua_pop(L, 3);
    }
    lua_pop(L, 1);
    s->headers = fields;
    s->headers_n = fields != NULL ? (int)n : 0;
}

static struct upstream_limit limit(lua_State *L, int t, const char *name)
{
    struct upstream_limit it = {0, 0};
    if (lua_getfield(L, t, name) == LUA_TTABLE) {
        int at = lua_gettop(L);
        it.n = number(L, at, "n");
        it.per = nanos_of(number(L, at, "per"));
    }
    lua_pop(L, 1);
    return it;
}

struct upstream_act tool_act(lua_State *L, int arg, struct arena *arena)
{
    struct upstream_act act = {
        .script = {.seed = (uint64_t)number(L, arg, "seed"),
                   .latency = span(L, arg, "latency"),
                   .rate = number(L, arg, "rate"),
                   .tokens = (int)number(L, arg, "tokens"),
                   .text = text(L, arg, "text", arena),
                   .fails = (int)number(L, arg, "fails"),
                   .error = text(L, arg, "error", arena),
                   .refuses = flag(L, arg, "refuses"),
                   .hangs = flag(L, arg, "hangs"),
                   .cuts_after = count(L, arg, "cuts_after"),
                   .closes_early = flag(L, arg, "closes_early"),
                   .drips = nanos_of(number(L, arg, "drips")),
                   .garbage = flag(L, arg, "garbage"),
                   .error_event = count(L, arg, "error_after"),
                   .retry_after = span(L, arg, "retry_after"),
                   .times = (int)number(L, arg, "times")},
        .latency_most = nanos_of(number(L, arg, "latency_most")),
        .requests = limit(L, arg, "requests"),
        .tokens = limit(L, arg, "token_limit"),
        .from = nanos_of(number(L, arg, "from")),
        .until = nanos_of(number(L, arg, "lasts")),
    };
    read_headers(L, arg, &act.script, arena);
    return act;
}
