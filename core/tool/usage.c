/*
** usage.c -- what `perilune usage` asks of the store.
**
** Chance and the time are the system's: a tool has no world.
*/
#include "tool/inner.h"

#include "net/real.h"
#include "store/usage/usage.h"

#define MOST_TEXT ((size_t)1 << 30)

static int fail(lua_State *L, const char *what, int status)
{
    lua_pushnil(L);
    lua_pushstring(L, what);
    lua_pushinteger(L, status);
    return 3;
}

static str text_at(lua_State *L, int list, int i)
{
    str s;
    lua_rawgeti(L, list, i);
    s.p = luaL_checklstring(L, -1, &s.n);
    lua_pop(L, 1); /* it stays in its table */
    return s;
}

/* The query that the words at `arg` are: { name, value, name, value... }. NULL,
** or what is wrong. */
static const char *read_query(lua_State *L, int arg, struct usage_query *q,
                              char why[USAGE_WHY])
{
    uint64_t dice[2];
    luaL_checktype(L, arg, LUA_TTABLE);
    if (real_secret(dice, sizeof dice) != 0)
        return "the system gives no random bytes";
    usage_query_init(q, real_calendar(), dice);
    int n = (int)lua_rawlen(L, arg);
    for (int i = 1; i + 1 <= n; i += 2) {
        str name = text_at(L, arg, i), value = text_at(L, arg, i + 1);
        if (usage_query_take(q, name, value, why) != NULL)
            return why;
    }
    return usage_query_check(q, why);
}

/* --- what is read ---------------------------------------------------------- */

struct telling {
    const struct usage_query *query;
    struct usage_lines lines;
};

/* A list: the counts as they are read, dollars as text. */
static void push_counts(lua_State *L, const struct usage_sums *sums)
{
    char room[64];
    lua_createtable(L, USAGE_COUNTS, 0);
    for (int i = 0; i < USAGE_COUNTS; i++) {
        struct buf text = {.p = room, .cap = sizeof room, .max = sizeof room};
        usage_put_count(&text, (enum usage_count)i, sums->of[i]);
        lua_pushlstring(L, text.p, text.n);
        lua_rawseti(L, -2, i + 1);
    }
}

static void push_line(lua_State *L, const struct usage_group *g,
                      const struct usage_query *q)
{
    char room[USAGE_DATE];
    push_counts(L, &g->sums);
    lua_createtable(L, q->by_n, 0);
    for (int i = 0; i < q->by_n; i++) {
        str text = usage_line_text(g, q->by[i], room);
        lua_pushlstring(L, text.p != NULL ? text.p : "", text.n);
        lua_rawseti(L, -2, i + 1);
    }
    lua_setfield(L, -2, "names");
}

static void set_date(lua_State *L, const char *name, int day)
{
    char room[USAGE_DATE];
    str text = usage_date(room, day);
    lua_pushlstring(L, text.p, text.n);
    lua_setfield(L, -2, name);
}

/* (telling): may raise for want of memory */
static int push_lines(lua_State *L)
{
    const struct telling *t = lua_touserdata(L, 1);
    const struct usage_query *q = t->query;
    lua_createtable(L, (int)t->lines.n, 5);
    for (size_t i = 0; i < t->lines.n; i++) {
        push_line(L, t->lines.line[i], q);
        lua_rawseti(L, -2, (lua_Integer)i + 1);
    }
    push_counts(L, &t->lines.total);
    lua_setfield(L, -2, "total");
    lua_createtable(L, q->by_n, 0);
    for (int i = 0; i < q->by_n; i++) {
        lua_pushstring(L, usage_field_name(q->by[i]));
        lua_rawseti(L, -2, i + 1);
    }
    lua_setfield(L, -2, "by");
    set_date(L, "from", q->from);
    set_date(L, "to", q->to);
    return 1;
}

static int tell_lines(lua_State *L, struct store *s,
                      const struct usage_query *q)
{
    struct store_why why;
    struct telling t = {.query = q};
    bool read = usage_lines_read(&t.lines, s, q, &why);
    store_close(s);
    lua_pushcfunction(L, push_lines);
    lua_pushlightuserdata(L, &t);
    int status = read ? lua_pcall(L, 1, 1, 0) : LUA_OK;
    usage_lines_free(&t.lines);
    if (!read)
        return fail(L, why.text, 1);
    return status == LUA_OK ? 1 : lua_error(L);
}

static int print_report(lua_State *L, struct store *s,
                        const struct usage_query *q, bool csv)
{
    struct buf to;
    struct store_why why;
    const struct tool *tool = tool_of(L);
    buf_init(&to, MOST_TEXT);
    bool well = usage_report(&to, s, q, csv ? USAGE_CSV : USAGE_JSON, &why);
    store_close(s);
    if (well && !csv)
        buf_byte(&to, '\n');
    if (well)
        tool->out(tool->user, 1, buf_str(&to).p, to.n);
    buf_fini(&to);
    lua_pushboolean(L, 1);
    return well ? 1 : fail(L, why.text, 1);
}

/* usage(path, { name, value... }, how) -> true, once it went to stream 1 as
** "csv" or "json"; as "lines" { {counts..., names = {...}}..., total =, by =, from
** =, to = }; or nil, what is wrong and an exit status */
int tool_usage(lua_State *L)
{
    struct store *s;
    struct store_why why;
    struct usage_query q;
    char wrong[USAGE_WHY];
    const char *how = luaL_checkstring(L, 3);
    struct store_options options = {.path = luaL_checkstring(L, 1),
                                    .read_only = true};
    const char *misuse = read_query(L, 2, &q, wrong);
    if (misuse != NULL)
        return fail(L, misuse, 2);
    if (store_open(&s, &options, &why) != STORE_OK)
        return fail(L, why.text, 1);
    if (strcmp(how, "lines") == 0)
        return tell_lines(L, s, &q);
    return print_report(L, s, &q, strcmp(how, "csv") == 0);
}
