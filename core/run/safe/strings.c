/*
** strings.c -- the functions of the string library that may take long, or tell
** where things lie: find match gmatch gsub, rep, format. The others cost no
** more than their text is long.
*/
#include "run/safe/safe.h"

#include <lauxlib.h>
#include <string.h>

#include "run/safe/pattern.h"
#include "run/sandbox.h"

#define MOST_COPIES ((lua_Integer)1 << 26)

static str check_text(lua_State *L, int arg)
{
    str s;
    s.p = luaL_checklstring(L, arg, &s.n);
    return s;
}

/* Where a search begins, from 0: the argument counts from 1, or from the end
** when it is negative. */
static size_t begin_at(lua_State *L, int arg, size_t n)
{
    lua_Integer at = luaL_optinteger(L, arg, 1);
    if (at > 0)
        return (size_t)at - 1;
    return at == 0 || at < -(lua_Integer)n ? 0 : n - (size_t)-at;
}

/* --- find, match ----------------------------------------------------------- */

static bool is_plain(str pattern)
{
    for (size_t i = 0; i < pattern.n; i++)
        if (pattern.p[i] != '\0' && strchr("^$*+?.([%-", pattern.p[i]) != NULL)
            return false;
    return true;
}

/* In time linear in both texts. */
static int find_plain(lua_State *L, str s, str what, size_t from)
{
    const char *at = memmem(s.p + from, s.n - from, what.p, what.n);
    if (at == NULL) {
        luaL_pushfail(L);
        return 1;
    }
    lua_pushinteger(L, at - s.p + 1);
    lua_pushinteger(L, at - s.p + (lua_Integer)what.n);
    return 2;
}

static int push_match(struct matcher *m, const char *s, const char *e,
                      bool where)
{
    if (!where)
        return matcher_push_all(m, s, e);
    lua_pushinteger(m->pace.L, s - m->from + 1);
    lua_pushinteger(m->pace.L, e - m->from);
    return matcher_push_all(m, NULL, NULL) + 2;
}

static int search(lua_State *L, str s, str text, size_t from, bool where)
{
    struct pattern pattern;
    struct matcher m;
    bool anchored = text.n > 0 && *text.p == '^';
    pattern_compile(L, &pattern, str_from(text, anchored));
    matcher_init(&m, L, &pattern, s);
    const char *at = s.p + from;
    do {
        const char *end = matcher_try(&m, at);
        if (end != NULL)
            return push_match(&m, at, end, where);
    } while (at++ < m.to && !anchored);
    luaL_pushfail(L);
    return 1;
}

static int find(lua_State *L)
{
    str s = check_text(L, 1), pattern = check_text(L, 2);
    size_t from = begin_at(L, 3, s.n);
    if (from > s.n) {
        luaL_pushfail(L);
        return 1;
    }
    if (lua_toboolean(L, 4) || is_plain(pattern))
        return find_plain(L, s, pattern, from);
    return search(L, s, pattern, from, true);
}

static int match(lua_State *L)
{
    str s = check_text(L, 1), pattern = check_text(L, 2);
    size_t from = begin_at(L, 3, s.n);
    if (from > s.n) {
        luaL_pushfail(L);
        return 1;
    }
    return search(L, s, pattern, from, false);
}

/* --- gmatch ---------------------------------------------------------------- */

/* Upvalues: the subject, the pattern's text, the walk, and what the pattern
** did not have room for. */
struct walk {
    struct pattern pattern;
    size_t at;
    size_t last; /* end of the last match; SIZE_MAX = none */
};

static int next_match(lua_State *L)
{
    struct walk *w = lua_touserdata(L, lua_upvalueindex(3));
    struct matcher m;
    str s;
    s.p = lua_tolstring(L, lua_upvalueindex(1), &s.n);
    matcher_init(&m, L, &w->pattern, s);
    for (size_t at = w->at; at <= s.n; at++) {
        const char *end = matcher_try(&m, s.p + at);
        if (end == NULL || (size_t)(end - s.p) == w->last)
            continue;
        w->at = w->last = (size_t)(end - s.p);
        return matcher_push_all(&m, s.p + at, end);
    }
    return 0;
}

static int gmatch(lua_State *L)
{
    str s = check_text(L, 1), pattern = check_text(L, 2);
    size_t from = begin_at(L, 3, s.n);
    lua_settop(L, 2);
    struct walk *w = lua_newuserdatauv(L, sizeof *w, 0);
    w->at = from > s.n ? s.n + 1 : from;
    w->last = SIZE_MAX;
    pattern_compile(L, &w->pattern, pattern);
    lua_settop(L, 4);
    lua_pushcclosure(L, next_match, 4);
    return 1;
}

/* --- gsub ------------------------------------------------------------------ */

struct substitution {
    struct matcher m;
    luaL_Buffer out;
    str with;  /* what stands for a match, when it is a text */
    bool text; /* it is; else it is at 3: a function or a table */
};

static void add_capture(struct substitution *g, int i, const char *s,
                        const char *e)
{
    matcher_push(&g->m, i, s, e);
    luaL_addvalue(&g->out);
}

/* %0 to %9 and %% in a text that stands for a match. */
static void add_text(struct substitution *g, const char *s, const char *e)
{
    lua_State *L = g->m.pace.L;
    for (str rest = g->with; rest.n > 0;) {
        size_t plain = str_find(rest, '%');
        luaL_addlstring(&g->out, rest.p, plain);
        if (plain == rest.n)
            return;
        char c = plain + 1 < rest.n ? rest.p[plain + 1] : '\0';
        if (c == '%')
            luaL_addchar(&g->out, c);
        else if (c == '0')
            luaL_addlstring(&g->out, s, (size_t)(e - s));
        else if (c >= '1' && c <= '9')
            add_capture(g, c - '1', s, e);
        else
            luaL_error(L, "invalid use of '%%' in replacement string");
        rest = str_from(rest, plain + 2);
    }
}

/* What a function or a table gives; false when it gives nothing. */
static bool add_value(struct substitution *g, const char *s, const char *e)
{
    lua_State *L = g->m.pace.L;
    if (lua_type(L, 3) == LUA_TFUNCTION) {
        lua_pushvalue(L, 3);
        lua_call(L, matcher_push_all(&g->m, s, e), 1);
    } else {
        matcher_push(&g->m, 0, s, e);
        lua_gettable(L, 3);
    }
    if (!lua_toboolean(L, -1)) {
        lua_pop(L, 1);
        luaL_addlstring(&g->out, s, (size_t)(e - s));
        return false;
    }
    if (!lua_isstring(L, -1))
        luaL_error(L, "invalid replacement value (a %s)", luaL_typename(L, -1));
    luaL_addvalue(&g->out);
    return true;
}

static bool replace(struct substitution *g, const char *s, const char *e)
{
    if (!g->text)
        return add_value(g, s, e);
    add_text(g, s, e);
    return true;
}

/* Replace up to `most` matches; how many there were. *changed: in vain or not. */
static lua_Integer replace_all(struct substitution *g, lua_Integer most,
                               bool anchored, bool *changed)
{
    struct matcher *m = &g->m;
    const char *at = m->from, *copied = at, *last = NULL;
    lua_Integer n = 0;
    while (n < most) {
        const char *end = matcher_try(m, at);
        if (end != NULL && end != last) {
            n++;
            luaL_addlstring(&g->out, copied, (size_t)(at - copied));
            *changed = replace(g, at, end) || *changed;
            copied = at = last = end;
        } else if (at < m->to) {
            at++;
        } else {
            break;
        }
        if (anchored)
            break;
    }
    luaL_addlstring(&g->out, copied, (size_t)(m->to - copied));
    return n;
}

static int gsub(lua_State *L)
{
    struct substitution g;
    struct pattern pattern;
    str s = check_text(L, 1), text = check_text(L, 2);
    int kind = lua_type(L, 3);
    bool changed = false, anchored = text.n > 0 && *text.p == '^';
    lua_Integer most = luaL_optinteger(L, 4, (lua_Integer)s.n + 1);
    luaL_argexpected(L,
                     kind == LUA_TNUMBER || kind == LUA_TSTRING ||
                         kind == LUA_TFUNCTION || kind == LUA_TTABLE,
                     3, "string/function/table");
    g.text = kind == LUA_TNUMBER || kind == LUA_TSTRING;
    g.with = g.text ? check_text(L, 3) : STR_NONE;
    pattern_compile(L, &pattern, str_from(text, anchored));
    matcher_init(&g.m, L, &pattern, s);
    luaL_buffinit(L, &g.out);
    lua_Integer n = replace_all(&g, most, anchored, &changed);
    luaL_pushresult(&g.out);
    if (!changed)
        lua_pushvalue(L, 1);
    lua_pushinteger(L, n);
    return 2;
}

/* --- rep, format ----------------------------------------------------------- */

/* Fill `to` with the first n bytes of it, again and again. */
static void fill(char *to, size_t n, size_t whole)
{
    while (n < whole) {
        size_t some = n < whole - n ? n : whole - n;
        memcpy(to + n, to, some);
        n += some;
    }
}

static int rep(lua_State *L)
{
    str s = check_text(L, 1);
    lua_Integer n = luaL_checkinteger(L, 2);
    size_t sep_n;
    const char *sep = luaL_optlstring(L, 3, "", &sep_n);
    size_t unit = s.n + sep_n;
    if (n <= 0) {
        lua_pushliteral(L, "");
        return 1;
    }
    if (n > MOST_COPIES || (unit > 0 && (size_t)n > (SIZE_MAX >> 1) / unit))
        return sandbox_deny(L, "resulting string too large");
    luaL_Buffer b;
    size_t whole = (size_t)n * unit - sep_n;
    char *to = luaL_buffinitsize(L, &b, whole + 1);
    if (n > 1 || whole > 0) {
        memcpy(to, s.p, s.n);
        if (n > 1 && sep_n > 0)
            memcpy(to + s.n, sep, sep_n);
        if (n > 1 && unit > 0)
            fill(to, unit, whole);
    }
    luaL_pushresultsize(&b, whole);
    return 1;
}

/* Make a text of each argument that a %s stands for; refuse %p. */
static void prepare(lua_State *L, str format)
{
    int arg = 1, n = lua_gettop(L);
    for (size_t i = 0; i < format.n; i++) {
        if (format.p[i] != '%')
            continue;
        i += 1 + strspn(format.p + i + 1, "-+ #0123456789.");
        char c = i < format.n ? format.p[i] : '\0';
        if (c == '%' || c == '\0')
            continue;
        if (c == 'p')
            sandbox_deny(L, "bad argument #1 to 'format' (%%p shows addresses; "
                            "it is not here)");
        if (++arg > n || c != 's')
            continue;
        safe_tostring(L, arg);
        lua_replace(L, arg);
    }
}

/* string.format with our tostring, and without %p; upvalue 1 is Lua's own,
** which runs in our place, so that its errors name the caller's line. */
static int format(lua_State *L)
{
    prepare(L, check_text(L, 1));
    return lua_tocfunction(L, lua_upvalueindex(1))(L);
}

static int dump(lua_State *L)
{
    return sandbox_deny(L, "string.dump is not here: policies are text");
}

static const luaL_Reg functions[] = {
    {"find", find}, {"match", match}, {"gmatch", gmatch}, {"gsub", gsub},
    {"rep", rep},   {"dump", dump},   {NULL, NULL},
};

void safe_strings(lua_State *L)
{
    luaL_setfuncs(L, functions, 0);
    lua_getfield(L, -1, "format");
    lua_pushcclosure(L, format, 1);
    lua_setfield(L, -2, "format");
}
