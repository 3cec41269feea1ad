/*
** json.c -- JSON to Lua values and back, for authors who look inside.
**
** What the gateway carries never takes this way. Nothing changes meaning
** here either: whole numbers stay whole, 1.0 stays 1.0, what Lua's numbers
** cannot hold stays text (number.c), null is p.json.null, and an array knows
** that it is one, so that [] comes back as []. Tables have no order, so names
** are written in theirs: the same value is the same text, in every run.
**
** What is written is measured first: all that can be wrong with a value, its
** size too, is told before the room for it is taken from Lua's heap, and then
** the writing cannot fail.
*/
#include "bind/bind.h"

#include <math.h>
#include <stdio.h>
#include <stdlib.h>

#include "base/utf8.h"
#include "run/sandbox.h"

#define ARRAY_META  "perilune.array"
#define LARGEST_OUT ((size_t)16 << 20)
#define LONGEST_NUM 26 /* bytes of a number, and ".0" */

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

static void push_value(struct pace *pace, struct json v,
                       struct json_walk *outer);

static void push_table(struct pace *pace, struct json v,
                       struct json_walk *outer)
{
    lua_State *L = pace->L;
    lua_newtable(L);
    if (v.kind == JSON_ARRAY)
        luaL_setmetatable(L, ARRAY_META);
    lua_Integer i = 0;
    struct json_walk walk = json_walk(v);
    while (json_next_open(&walk)) {
        if (v.kind == JSON_ARRAY)
            lua_pushinteger(L, ++i);
        else
            push_string(L, walk.name);
        push_value(pace, walk.value, &walk);
        lua_rawset(L, -3);
    }
    if (outer != NULL)
        json_leave(outer, &walk);
}

static void push_value(struct pace *pace, struct json v,
                       struct json_walk *outer)
{
    lua_State *L = pace->L;
    luaL_checkstack(L, 8, "JSON is too deep");
    pace_step(pace, 16 + (v.kind == JSON_STRING ? v.text.n / 64 : 0));
    switch (v.kind) {
    case JSON_NONE:
    case JSON_NULL:
        lua_pushlightuserdata(L, null_mark);
        break;
    case JSON_FALSE:
    case JSON_TRUE:
        lua_pushboolean(L, v.kind == JSON_TRUE);
        break;
    case JSON_NUMBER:
        push_number(L, v);
        break;
    case JSON_STRING:
        push_string(L, v.text);
        break;
    case JSON_ARRAY:
    case JSON_OBJECT:
        push_table(pace, v, outer);
        break;
    }
}

bool bind_push_json(lua_State *L, struct json v)
{
    struct pace pace = {L, PACE_STEPS};
    if (v.kind == JSON_NONE)
        return false;
    push_value(&pace, v, NULL);
    return true;
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

/* --- measuring ------------------------------------------------------------- */

struct measure {
    const char *who; /* begins the messages */
    bool lenient;    /* cjson's: it says itself what it does not take */
    size_t size;
    struct pace pace;
};

static void count(struct measure *m, size_t n)
{
    m->size += n;
    pace_step(&m->pace, 8 + n / 16);
    if (m->size > LARGEST_OUT)
        sandbox_raise(m->pace.L, "%s: the text is too large", m->who);
}

/* The most that the byte at the front of s comes to; *n: bytes it is about. */
static size_t escaped(str s, size_t *n)
{
    unsigned char c = (unsigned char)*s.p;
    *n = 1;
    if (c < 0x20 || c == 0x7f)
        return 6;
    if (c < 0x80)
        return c == '"' || c == '\\' || c == '/' ? 2 : 1;
    *n = utf8_len(s);
    if (*n == 0)
        return *n = 1, 3; /* U+FFFD in its place */
    return *n == 3 ? 6 : *n;
}

static void measure_text(struct measure *m, int arg)
{
    str s;
    size_t size = 2, n;
    s.p = lua_tolstring(m->pace.L, arg, &s.n);
    for (; s.n > 0; s = str_from(s, n)) {
        size += escaped(s, &n);
        if (size < PACE_STEPS)
            continue;
        count(m, size);
        size = 0;
    }
    count(m, size);
}

static size_t digits_of(lua_Integer n)
{
    size_t digits = 2; /* one, and a sign */
    for (; n > 9 || n < -9; n /= 10)
        digits++;
    return digits;
}

static void measure_number(struct measure *m, int arg)
{
    lua_State *L = m->pace.L;
    lua_Number n = lua_tonumber(L, arg);
    if (!m->lenient && !isfinite(n))
        sandbox_raise(L, "%s: %f is not a number in JSON", m->who, n);
    count(m, lua_isinteger(L, arg) ? digits_of(lua_tointeger(L, arg))
                                   : LONGEST_NUM);
}

static bool is_array(lua_State *L, int arg)
{
    bool is = false;
    if (lua_getmetatable(L, arg)) {
        luaL_getmetatable(L, ARRAY_META);
        is = lua_rawequal(L, -1, -2);
        lua_pop(L, 2);
    }
    return is;
}

/* How many items if the table is an array; -1 if it is an object. */
static lua_Integer items_of(struct pace *pace, int arg)
{
    lua_State *L = pace->L;
    lua_Integer n = (lua_Integer)lua_rawlen(L, arg), keys = 0;
    bool marked = is_array(L, arg);
    for (lua_pushnil(L); lua_next(L, arg) != 0; lua_pop(L, 1)) {
        keys++;
        pace_step(pace, 4);
    }
    return keys == n && (n > 0 || marked) ? n : -1;
}

static void measure_name(struct measure *m, int arg, bool list)
{
    lua_State *L = m->pace.L;
    if (list)
        count(m, 1);
    else if (lua_type(L, arg) == LUA_TSTRING)
        measure_text(m, arg);
    else if (m->lenient)
        count(m, LONGEST_NUM);
    else
        sandbox_raise(L,
                      "%s: a table that is no list has a %s as a key; JSON has "
                      "names only",
                      m->who, luaL_typename(L, arg));
}

static void measure_value(struct measure *m, int arg, int depth);

/* cjson writes nulls in a list's holes, as many as items and ten at most. */
static void measure_table(struct measure *m, int arg, int depth)
{
    lua_State *L = m->pace.L;
    if (depth == 0)
        sandbox_raise(L, "%s: too deep, or a table that holds itself", m->who);
    luaL_checkstack(L, 8, "JSON is too deep");
    bool list = items_of(&m->pace, arg) >= 0;
    count(m, 64);
    for (lua_pushnil(L); lua_next(L, arg) != 0; lua_pop(L, 1)) {
        int top = lua_gettop(L);
        measure_name(m, top - 1, list);
        measure_value(m, top, depth - 1);
        count(m, m->lenient ? 16 : 2);
    }
}

static void measure_value(struct measure *m, int arg, int depth)
{
    str wide;
    lua_State *L = m->pace.L;
    switch (lua_type(L, arg)) {
    case LUA_TNIL:
    case LUA_TBOOLEAN:
    case LUA_TLIGHTUSERDATA:
        count(m, 5);
        break;
    case LUA_TNUMBER:
        measure_number(m, arg);
        break;
    case LUA_TSTRING:
        measure_text(m, arg);
        break;
    case LUA_TTABLE:
        measure_table(m, arg, depth);
        break;
    default:
        wide = bind_wide_text(L, arg);
        if (wide.p == NULL && !m->lenient)
            sandbox_raise(L, "%s: a %s has no form in JSON", m->who,
                          luaL_typename(L, arg));
        count(m, wide.n);
    }
}

size_t bind_measure(lua_State *L, int arg, const char *who, bool lenient)
{
    struct measure m = {who, lenient, 0, {L, PACE_STEPS}};
    measure_value(&m, arg, JSON_MAX_DEPTH);
    return m.size;
}

/* --- writing --------------------------------------------------------------- */

static void write_value(struct pace *pace, int arg, struct buf *out);

static void write_number(lua_State *L, int arg, struct buf *out)
{
    char digits[40];
    lua_Number n = lua_tonumber(L, arg);
    if (lua_isinteger(L, arg)) {
        buf_int(out, lua_tointeger(L, arg));
        return;
    }
    snprintf(digits, sizeof digits, "%.15g", n);
    if (strtod(digits, NULL) != n)
        snprintf(digits, sizeof digits, "%.17g", n);
    buf_text(out, digits);
    if (strpbrk(digits, ".e") == NULL)
        buf_text(out, ".0");
}

static void write_array(struct pace *pace, int arg, struct buf *out)
{
    lua_State *L = pace->L;
    lua_Integer n = (lua_Integer)lua_rawlen(L, arg);
    buf_byte(out, '[');
    for (lua_Integer i = 1; i <= n; i++) {
        if (i > 1)
            buf_byte(out, ',');
        lua_rawgeti(L, arg, i);
        write_value(pace, lua_gettop(L), out);
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
static size_t push_names(struct pace *pace, int arg)
{
    lua_State *L = pace->L;
    size_t n = 0;
    for (lua_pushnil(L); lua_next(L, arg) != 0; lua_pop(L, 1))
        n++;
    str *names = lua_newuserdatauv(L, (n + 1) * sizeof *names, 0), *at = names;
    for (lua_pushnil(L); lua_next(L, arg) != 0; lua_pop(L, 1), at++)
        at->p = lua_tolstring(L, -2, &at->n);
    pace_step(pace, n * 16);
    qsort(names, n, sizeof *names, by_bytes);
    return n;
}

static void write_object(struct pace *pace, int arg, struct buf *out)
{
    lua_State *L = pace->L;
    size_t n = push_names(pace, arg);
    const str *names = lua_touserdata(L, -1);
    buf_byte(out, '{');
    for (size_t i = 0; i < n; i++) {
        json_put_name(out, names[i]);
        lua_pushlstring(L, names[i].p, names[i].n);
        lua_rawget(L, arg);
        write_value(pace, lua_gettop(L), out);
        lua_pop(L, 1);
    }
    lua_pop(L, 1);
    buf_byte(out, '}');
}

static void write_value(struct pace *pace, int arg, struct buf *out)
{
    str text;
    lua_State *L = pace->L;
    pace_step(pace, 16);
    switch (lua_type(L, arg)) {
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
        luaL_checkstack(L, 8, "JSON is too deep");
        if (items_of(pace, arg) >= 0)
            write_array(pace, arg, out);
        else
            write_object(pace, arg, out);
        break;
    default:
        text = bind_wide_text(L, arg);
        buf_add(out, text.p != NULL ? text : STR("null"));
    }
}

str bind_encode(lua_State *L, int arg)
{
    struct pace pace = {L, PACE_STEPS};
    size_t size = bind_measure(L, arg, "p.json.encode", false);
    struct buf out = {.cap = size, .max = size};
    out.p = lua_newuserdatauv(L, size, 0);
    write_value(&pace, arg, &out);
    if (!buf_ok(&out))
        sandbox_raise(L, "p.json.encode: the text is too large");
    return buf_str(&out);
}

/* json_encode(v) -> its text; lists are arrays, other tables objects */
static int encode(lua_State *L)
{
    luaL_checkany(L, 1);
    lua_settop(L, 1);
    str text = bind_encode(L, 1);
    lua_pushlstring(L, text.p, text.n);
    return 1;
}

/* array(t) -> t, marked as an array, so that an empty one is [] */
static int array(lua_State *L)
{
    luaL_checktype(L, 1, LUA_TTABLE);
    if (luaL_getmetafield(L, 1, "__metatable") != LUA_TNIL && !is_array(L, 1))
        return sandbox_deny(L, "cannot change a protected metatable");
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
    luaL_newmetatable(L, ARRAY_META);
    lua_pushboolean(L, 0);
    lua_setfield(L, -2, "__metatable");
    lua_pop(L, 1);
    luaL_setfuncs(L, functions, 0);
    lua_pushlightuserdata(L, null_mark);
    lua_setfield(L, -2, "null");
}
