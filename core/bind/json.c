/*
** json.c -- JSON to Lua values and back, for authors who look inside.
**
** What the gateway carries never takes this way. Nothing changes meaning
** here either: whole numbers stay whole, 1.0 stays 1.0, what Lua's numbers
** cannot hold stays text (number.c), null is p.json.null, and an array knows
** that it is one, so that [] comes back as []. Tables have no order, so names
** are written in theirs: the same value is the same text, in every run.
*/
#include "bind/bind.h"

#include <math.h>
#include <stdio.h>
#include <stdlib.h>

#include "run/sandbox.h"

#define ARRAY_META  "perilune.array"
#define BUFFER_TYPE "perilune.buffer"
#define LARGEST_OUT ((size_t)16 << 20)

static void *const null_mark = NULL;

/* --- reading --------------------------------------------------------------- */

static bool is_whole(str text)
{
    for (size_t i = 0; i < text.n; i++)
        if (strchr(".eE", text.p[i]) != NULL)
            return false;
    return true;
}

/* A float would be infinite, or zero where the number is not. */
static bool is_out_of_range(str text, double d)
{
    if (d != 0)
        return !isfinite(d);
    for (size_t i = 0; i < text.n && (text.p[i] | 0x20) != 'e'; i++)
        if (text.p[i] >= '1' && text.p[i] <= '9')
            return true;
    return false;
}

static void push_number(lua_State *L, struct json v)
{
    int64_t n;
    bool whole = is_whole(v.text), fits = json_integer(v, &n);
    bool minus_zero = fits && n == 0 && v.text.p[0] == '-';
    double d = whole && fits ? 0 : json_double(v);
    if (whole && fits && !minus_zero)
        lua_pushinteger(L, n);
    else if (minus_zero)
        lua_pushnumber(L, -0.0);
    else if (whole || is_out_of_range(v.text, d))
        bind_push_wide(L, v.text);
    else
        lua_pushnumber(L, d);
}

/* Decode into memory that Lua owns, so that a raise leaks nothing. */
static void push_string(lua_State *L, str raw)
{
    str inner = {raw.p + 1, raw.n - 2};
    if (str_find(inner, '\\') == inner.n) {
        lua_pushlstring(L, inner.p, inner.n);
        return;
    }
    char *room = lua_newuserdatauv(L, raw.n + 1, 0);
    struct buf text = {.p = room, .cap = raw.n + 1, .max = raw.n + 1};
    json_decode((struct json){.kind = JSON_STRING, .text = raw}, &text);
    lua_pushlstring(L, text.p, text.n);
    lua_remove(L, -2);
}

static void push_table(lua_State *L, struct json v)
{
    lua_newtable(L);
    if (v.kind == JSON_ARRAY)
        luaL_setmetatable(L, ARRAY_META);
    lua_Integer i = 0;
    struct json_walk walk = json_walk(v);
    while (json_next(&walk)) {
        if (v.kind == JSON_ARRAY)
            lua_pushinteger(L, ++i);
        else
            push_string(L, walk.name);
        bind_push_json(L, walk.value);
        lua_rawset(L, -3);
    }
}

bool bind_push_json(lua_State *L, struct json v)
{
    luaL_checkstack(L, 8, "JSON is too deep");
    switch (v.kind) {
    case JSON_NULL:
        lua_pushlightuserdata(L, null_mark);
        return true;
    case JSON_FALSE:
    case JSON_TRUE:
        lua_pushboolean(L, v.kind == JSON_TRUE);
        return true;
    case JSON_NUMBER:
        push_number(L, v);
        return true;
    case JSON_STRING:
        push_string(L, v.text);
        return true;
    case JSON_ARRAY:
    case JSON_OBJECT:
        push_table(L, v);
        return true;
    case JSON_NONE:
        break;
    }
    return false;
}

/* json_decode(text) -> the value, or nil and what is wrong with it */
static int decode(lua_State *L)
{
    str text;
    struct json_error error;
    text.p = luaL_checklstring(L, 1, &text.n);
    if (json_check(text, &error)) {
        bind_push_json(L, json_of(text));
        return 1;
    }
    lua_pushnil(L);
    lua_pushfstring(L, "not JSON at byte %d: %s", (int)error.at + 1,
                    error.what);
    return 2;
}

/* --- writing --------------------------------------------------------------- */

static void write_value(lua_State *L, int arg, struct buf *out, int depth);

static void write_number(lua_State *L, int arg, struct buf *out)
{
    char digits[40];
    lua_Number n = lua_tonumber(L, arg);
    if (lua_isinteger(L, arg)) {
        buf_int(out, lua_tointeger(L, arg));
        return;
    }
    if (!isfinite(n))
        sandbox_raise(L, "p.json.encode: %f is not a number in JSON", n);
    snprintf(digits, sizeof digits, "%.15g", n);
    if (strtod(digits, NULL) != n)
        snprintf(digits, sizeof digits, "%.17g", n);
    buf_text(out, digits);
    if (strpbrk(digits, ".e") == NULL)
        buf_text(out, ".0");
}

/* How many items if the table is an array; -1 if it is an object. */
static lua_Integer items_of(lua_State *L, int arg)
{
    lua_Integer n = (lua_Integer)lua_rawlen(L, arg), keys = 0;
    bool marked = false;
    if (lua_getmetatable(L, arg)) {
        luaL_getmetatable(L, ARRAY_META);
        marked = lua_rawequal(L, -1, -2);
        lua_pop(L, 2);
    }
    for (lua_pushnil(L); lua_next(L, arg) != 0; lua_pop(L, 1))
        keys++;
    return keys == n && (n > 0 || marked) ? n : -1;
}

static void write_array(lua_State *L, int arg, struct buf *out, int depth)
{
    lua_Integer n = (lua_Integer)lua_rawlen(L, arg);
    buf_byte(out, '[');
    for (lua_Integer i = 1; i <= n; i++) {
        if (i > 1)
            buf_byte(out, ',');
        lua_rawgeti(L, arg, i);
        write_value(L, lua_gettop(L), out, depth);
        lua_pop(L, 1);
    }
    buf_byte(out, ']');
}

static int by_bytes(const void *one, const void *other)
{
    str a = *(const str *)one, b = *(const str *)other;
    int order = memcmp(a.p, b.p, a.n < b.n ? a.n : b.n);
    return order != 0 ? order : a.n < b.n ? -1 : a.n > b.n;
}

/* Push the names of a table, sorted: how many. Its keys hold their bytes. */
static size_t push_names(lua_State *L, int arg)
{
    size_t n = 0;
    for (lua_pushnil(L); lua_next(L, arg) != 0; lua_pop(L, 1)) {
        if (lua_type(L, -2) != LUA_TSTRING)
            sandbox_raise(L,
                          "p.json.encode: a table that is no list has a %s "
                          "as a key; JSON has names only",
                          luaL_typename(L, -2));
        n++;
    }
    str *names = lua_newuserdatauv(L, (n + 1) * sizeof *names, 0), *at = names;
    for (lua_pushnil(L); lua_next(L, arg) != 0; lua_pop(L, 1), at++)
        at->p = lua_tolstring(L, -2, &at->n);
    qsort(names, n, sizeof *names, by_bytes);
    return n;
}

static void write_object(lua_State *L, int arg, struct buf *out, int depth)
{
    size_t n = push_names(L, arg);
    const str *names = lua_touserdata(L, -1);
    buf_byte(out, '{');
    for (size_t i = 0; i < n; i++) {
        json_put_name(out, names[i]);
        lua_pushlstring(L, names[i].p, names[i].n);
        lua_rawget(L, arg);
        write_value(L, lua_gettop(L), out, depth);
        lua_pop(L, 1);
    }
    lua_pop(L, 1);
    buf_byte(out, '}');
}

static void write_table(lua_State *L, int arg, struct buf *out, int depth)
{
    if (depth == 0)
        sandbox_raise(L, "p.json.encode: too deep, or a table that holds "
                         "itself");
    luaL_checkstack(L, 8, "JSON is too deep");
    if (items_of(L, arg) >= 0)
        write_array(L, arg, out, depth - 1);
    else
        write_object(L, arg, out, depth - 1);
}

static void write_value(lua_State *L, int arg, struct buf *out, int depth)
{
    str text;
    switch (lua_type(L, arg)) {
    case LUA_TNIL:
        buf_text(out, "null");
        break;
    case LUA_TBOOLEAN:
        buf_text(out, lua_toboolean(L, arg) ? "true" : "false");
        break;
    case LUA_TNUMBER:
        write_number(L, arg, out);
        break;
    case LUA_TSTRING:
        text.p = lua_tolstring(L, arg, &text.n);
        json_put_string(out, text);
        break;
    case LUA_TTABLE:
        write_table(L, arg, out, depth);
        break;
    default:
        text = bind_wide_text(L, arg);
        if (text.p == NULL && !lua_islightuserdata(L, arg))
            sandbox_raise(L, "p.json.encode: a %s has no form in JSON",
                          luaL_typename(L, arg));
        buf_add(out, text.p != NULL ? text : STR("null"));
    }
    if (!buf_ok(out))
        sandbox_raise(L, "p.json.encode: the text is too large");
}

static int collect(lua_State *L)
{
    buf_fini(luaL_checkudata(L, 1, BUFFER_TYPE));
    return 0;
}

struct buf *bind_encode(lua_State *L, int arg)
{
    struct buf *out = lua_newuserdatauv(L, sizeof *out, 0);
    buf_init(out, LARGEST_OUT);
    luaL_setmetatable(L, BUFFER_TYPE);
    write_value(L, arg, out, JSON_MAX_DEPTH);
    return out;
}

/* json_encode(v) -> its text; lists are arrays, other tables objects */
static int encode(lua_State *L)
{
    luaL_checkany(L, 1);
    lua_settop(L, 1);
    struct buf *out = bind_encode(L, 1);
    lua_pushlstring(L, out->p, out->n);
    buf_fini(out);
    return 1;
}

/* array(t) -> t, marked as an array, so that an empty one is [] */
static int array(lua_State *L)
{
    luaL_checktype(L, 1, LUA_TTABLE);
    lua_settop(L, 1);
    luaL_setmetatable(L, ARRAY_META);
    return 1;
}

static const luaL_Reg functions[] = {
    {"json_decode", decode},
    {"json_encode", encode},
    {"array", array},
    {NULL, NULL},
};

void bind_json(lua_State *L)
{
    bind_type(L, &(struct bind_type){.name = BUFFER_TYPE, .gc = collect});
    luaL_newmetatable(L, ARRAY_META);
    lua_pushboolean(L, 0);
    lua_setfield(L, -2, "__metatable");
    lua_pop(L, 1);
    luaL_setfuncs(L, functions, 0);
    lua_pushlightuserdata(L, null_mark);
    lua_setfield(L, -2, "null");
}
