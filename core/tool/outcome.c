/*
** outcome.c -- what came of a guest, as a table for Lua.
**
** What a client would see is read out of its bytes; what an operator would see,
** out of the line in the log.
*/
#include "tool/inner.h"

#include "tool/stage.h"
#include "wire/json.h"
#include "wire/sse.h"

#include "net/virtual/virtual.h"

static void set_text(lua_State *L, const char *name, str text)
{
    tool_push(L, text);
    lua_setfield(L, -2, name);
}

static void set_bool(lua_State *L, const char *name, bool v)
{
    lua_pushboolean(L, v);
    lua_setfield(L, -2, name);
}

static void set_instant(lua_State *L, const char *name, nanos t)
{
    if (t == 0)
        return;
    lua_pushnumber(L, (lua_Number)(t - VIRTUAL_START) / 1e9);
    lua_setfield(L, -2, name);
}

/* A member of an object, when it is a text or a number. */
static void set_member(lua_State *L, const char *name, struct json object,
                       const char *member)
{
    struct json v = json_get(object, str_of(member));
    struct buf scratch;
    buf_init(&scratch, v.text.n + 1);
    if (v.kind == JSON_STRING)
        set_text(L, name, json_text(v, &scratch));
    buf_fini(&scratch);
    int64_t whole;
    if (v.kind != JSON_NUMBER)
        return;
    if (json_integer(v, &whole))
        lua_pushinteger(L, (lua_Integer)whole);
    else
        lua_pushnumber(L, json_double(v));
    lua_setfield(L, -2, name);
}

/* --- what a client sees ---------------------------------------------------- */

static void push_headers(lua_State *L, const struct guest *g)
{
    lua_createtable(L, 0, g->fields_n);
    for (int i = 0; i < g->fields_n; i++) {
        tool_push(L, g->fields[i].name);
        tool_push(L, g->fields[i].value);
        lua_rawset(L, -3);
    }
    lua_setfield(L, -2, "headers");
}

static void push_error(lua_State *L, struct json body)
{
    struct json error = json_get(body, STR("error"));
    if (error.kind != JSON_OBJECT)
        return;
    lua_createtable(L, 0, 3);
    set_member(L, "code", error, "code");
    set_member(L, "type", error, "type");
    set_member(L, "message", error, "message");
    lua_setfield(L, -2, "error");
}

static void set_finish(lua_State *L, struct json body)
{
    struct json_walk choices = json_walk(json_get(body, STR("choices")));
    if (json_get(body, STR("choices")).kind == JSON_ARRAY &&
        json_next(&choices))
        set_member(L, "finish", choices.value, "finish_reason");
}

/* The texts of the first choice in a piece of JSON. */
static void add_content(str data, struct buf *text)
{
    struct buf piece;
    int choice;
    buf_init(&piece, data.n + 1);
    for (int nth = 0; dialect_openai.content(data, nth, &choice, &piece);
         nth++) {
        if (choice == 0)
            buf_add(text, buf_str(&piece));
        buf_clear(&piece);
    }
    buf_fini(&piece);
}

static void push_whole(lua_State *L, str body)
{
    struct json_error error;
    struct buf text;
    if (!json_check(body, &error))
        return;
    buf_init(&text, body.n + 1);
    add_content(body, &text);
    if (json_get(json_of(body), STR("choices")).kind == JSON_ARRAY)
        set_text(L, "text", buf_str(&text));
    buf_fini(&text);
    push_error(L, json_of(body));
    set_finish(L, json_of(body));
}

/* When the byte before `end` was there. */
static nanos when(const struct guest *g, size_t end, size_t *chunk)
{
    const struct guest_chunk *chunks = (const void *)g->chunks.p;
    size_t n = g->chunks.n / sizeof *chunks;
    while (*chunk + 1 < n && chunks[*chunk].end < end)
        ++*chunk;
    return chunks[*chunk].at;
}

/* A list of { at =, text = }: stands on top of the stack. */
static void add_piece(lua_State *L, nanos at, str text)
{
    lua_createtable(L, 0, 2);
    set_instant(L, "at", at);
    set_text(L, "text", text);
    lua_rawseti(L, -2, (lua_Integer)lua_rawlen(L, -2) + 1);
}

/* On the stack: the outcome, its pieces. */
static void read_event(lua_State *L, str data, nanos at, struct buf *all)
{
    struct json_error error;
    size_t before = all->n;
    if (!json_check(data, &error))
        return;
    add_content(data, all);
    if (all->n > before)
        add_piece(L, at, str_from(buf_str(all), before));
    lua_insert(L, -2);
    push_error(L, json_of(data));
    set_finish(L, json_of(data));
    lua_insert(L, -2);
}

static void push_stream(lua_State *L, const struct guest *g)
{
    str rest = buf_str(&g->body);
    struct sse_event event;
    struct buf all;
    size_t chunk = 0;
    buf_init(&all, rest.n + 1);
    lua_newtable(L);
    while (sse_next(&rest, &event))
        if (event.data.p != NULL)
            read_event(L, event.data, when(g, g->body.n - rest.n, &chunk),
                       &all);
    lua_setfield(L, -2, "pieces");
    set_text(L, "text", buf_str(&all));
    buf_fini(&all);
}

static str header_of(const struct guest *g, str name)
{
    for (int i = 0; i < g->fields_n; i++)
        if (str_eq(g->fields[i].name, name))
            return g->fields[i].value;
    return STR_NONE;
}

/* --- what the log says ----------------------------------------------------- */

static void read_line(lua_State *L, str line)
{
    static const char *const names[] = {
        "path",           "attempts",      "provider", "model",
        "fault",          "fault_message", "user",     "request_id",
        "policy_version", "calls_unpriced"};
    if (line.n == 0)
        return;
    for (size_t i = 0; i < sizeof names / sizeof names[0]; i++)
        set_member(L, names[i], json_of(line), names[i]);
    set_member(L, "cost", json_of(line), "cost_usd");
}

void tool_push_outcome(lua_State *L, const struct guest *g)
{
    static const char *const words[] = {"answered", "broken", "client_gone",
                                        "shutdown"};
    str type = header_of(g, STR("content-type"));
    bool stream = str_starts(type, STR("text/event-stream"));
    lua_createtable(L, 0, 26);
    set_bool(L, "done", g->done);
    set_bool(L, "left", g->left);
    set_bool(L, "stream", stream);
    set_instant(L, "came", g->came);
    set_instant(L, "first", g->first);
    if (g->done) {
        set_text(L, "outcome", str_of(words[g->outcome]));
        set_instant(L, "ended", g->ended);
    }
    if (g->status != 0) {
        lua_pushinteger(L, g->status);
        lua_setfield(L, -2, "status");
    }
    push_headers(L, g);
    set_text(L, "body", buf_str(&g->body));
    if (stream)
        push_stream(L, g);
    else
        push_whole(L, buf_str(&g->body));
    read_line(L, (str){stage_log(g->stage).p + g->line, g->line_n});
}
