/*
** reply.c -- a live reply: what flows, looked at.
**
** To look is to hold back: text() and json() wait for the end, each() hands
** out one piece at a time, and the client gets nothing meanwhile. What was
** read stays held, so the reply can still be returned, as a stream too.
*/
#include "bind/bind.h"

#include "run/cost.h"
#include "run/filter.h"
#include "run/generation.h"
#include "run/sandbox.h"
#include "run/task.h"

#define FILTERS "perilune.filters" /* registry: function -> its reference */

static struct live *to_live(lua_State *L, int arg)
{
    struct live *l = luaL_checkudata(L, arg, LIVE_TYPE);
    if (live_call(l) == NULL)
        sandbox_raise(L, "this reply is of a request that has ended");
    return l;
}

#define CANCELLED \
    "this reply was cancelled when the branch that asked for it lost its race"

/* The same of one that can still be read. */
static struct live *to_readable(lua_State *L, int arg)
{
    struct live *l = to_live(L, arg);
    if (!live_stands(l))
        sandbox_raise(L, CANCELLED);
    return l;
}

/* --- the text of it -------------------------------------------------------- */

static void add_pieces(const struct request *r, str data, struct buf *text)
{
    int choice;
    struct buf piece;
    buf_init(&piece, data.n + 1);
    for (int nth = 0; nth < FILTER_CHOICES &&
                      r->dialect->content(data, nth, &choice, &piece);
         nth++) {
        if (choice == 0)
            buf_add(text, buf_str(&piece));
        buf_clear(&piece);
    }
    buf_fini(&piece);
}

/* The text of what is held from `from` on: in a stream up to and with the
** first event that has some when `one`. Returns where to go on. */
static size_t read_text(const struct live *l, size_t from, bool one,
                        struct buf *text)
{
    str held = call_held(l->call);
    if (!l->call->event_stream) {
        if (from < held.n)
            add_pieces(l->request, held, text);
        return held.n;
    }
    str rest = str_from(held, from);
    struct sse_event event;
    while (!(one && text->n > 0) && sse_next(&rest, &event))
        if (event.data.p != NULL)
            add_pieces(l->request, event.data, text);
    return (size_t)(rest.p - held.p);
}

/* An empty buffer with room for the text of what is held. The request owns it,
** so that a raise leaks nothing, and asking again and again costs no more. */
static struct buf *gather(struct live *l)
{
    struct buf *text = &l->request->gathered;
    buf_clear(text);
    text->max = call_held(l->call).n + 1;
    return text;
}

static int push_gathered(lua_State *L, const struct buf *text)
{
    if (!buf_ok(text))
        return luaL_error(L, "not enough memory for the text of a reply");
    lua_pushlstring(L, buf_str(text).p, text->n);
    return 1;
}

/* --- waiting for the end --------------------------------------------------- */

static bool ended(const struct live *l)
{
    return l->call->state == CALL_ENDED;
}

/* Stop to wait: did it end well? */
static bool ends_well(lua_State *L, const struct live *l)
{
    task_unwatch(strand_of(L));
    if (!live_stands(l))
        sandbox_raise(L, CANCELLED);
    return l->call->fault.kind == FAULT_NONE;
}

static int push_text(lua_State *L, struct live *l)
{
    struct buf *text = gather(l);
    read_text(l, 0, false, text);
    return push_gathered(L, text);
}

static int push_fault(lua_State *L, struct live *l)
{
    strand_fault(strand_of(L), &l->call->fault);
    lua_pushnil(L);
    bind_push_fault(L, &l->call->fault);
    return 2;
}

static int text_ready(lua_State *L, int status, lua_KContext context)
{
    struct live *l = (struct live *)context;
    (void)status;
    if (!ended(l))
        return lua_yieldk(L, 0, context, text_ready);
    if (!ends_well(L, l))
        return push_fault(L, l);
    return push_text(L, l);
}

/* Begin to wait for more of the reply. */
static void want(lua_State *L, struct live *l)
{
    call_want_whole(l->call);
    task_watch(strand_of(L), l->call);
}

/* reply:text() -> the whole text, or nil and a fault. Waits. */
static int text(lua_State *L)
{
    struct live *l = to_readable(L, 1);
    bind_request(L, "reply:text()");
    want(L, l);
    return text_ready(L, LUA_YIELD, (lua_KContext)l);
}

static int json_ready(lua_State *L, int status, lua_KContext context)
{
    struct live *l = (struct live *)context;
    (void)status;
    if (!ended(l))
        return lua_yieldk(L, 0, context, json_ready);
    if (!ends_well(L, l))
        return push_fault(L, l);
    push_text(L, l);
    str body;
    struct json_error error;
    body.p = lua_tolstring(L, -1, &body.n);
    if (json_check(body, &error) && bind_push_json(L, json_of(body)))
        return 1;
    lua_pushnil(L);
    struct fault fault = {.kind = FAULT_MALFORMED,
                          .status = fault_status(FAULT_MALFORMED),
                          .message = STR("the reply's text is not JSON")};
    bind_push_fault(L, &fault);
    return 2;
}

/* reply:json() -> the text, decoded; or nil and a fault. Waits. */
static int json(lua_State *L)
{
    struct live *l = to_readable(L, 1);
    bind_request(L, "reply:json()");
    want(L, l);
    return json_ready(L, LUA_YIELD, (lua_KContext)l);
}

/* --- piece by piece -------------------------------------------------------- */

static int piece_ready(lua_State *L, int status, lua_KContext context)
{
    struct live *l = (struct live *)context;
    struct buf *text = gather(l);
    (void)status;
    l->at = read_text(l, l->at, true, text);
    if (text->n > 0) {
        task_unwatch(strand_of(L));
        return push_gathered(L, text);
    }
    if (!ended(l))
        return lua_yieldk(L, 0, context, piece_ready);
    if (!ends_well(L, l))
        strand_fault(strand_of(L), &l->call->fault);
    lua_pushnil(L);
    return 1;
}

static int next_piece(lua_State *L)
{
    lua_settop(L, 0);
    lua_pushvalue(L, lua_upvalueindex(1));
    struct live *l = to_readable(L, 1);
    bind_request(L, "reply:each()");
    want(L, l);
    return piece_ready(L, LUA_YIELD, (lua_KContext)l);
}

/* reply:each() -> an iterator over the pieces of its text, as they come; it
** ends where the stream broke, and req.fault says so. Waits. */
static int each(lua_State *L)
{
    to_readable(L, 1)->at = 0;
    lua_settop(L, 1);
    lua_pushcclosure(L, next_piece, 1);
    return 1;
}

/* --- fields ---------------------------------------------------------------- */

static void set_count(lua_State *L, const char *name, int64_t n)
{
    lua_pushinteger(L, n);
    lua_setfield(L, -2, name);
}

static void push_usage(lua_State *L, const struct usage *u)
{
    if (!u->known) {
        lua_pushnil(L);
        return;
    }
    lua_createtable(L, 0, 5);
    set_count(L, "prompt", u->prompt);
    set_count(L, "completion", u->completion);
    set_count(L, "cached", u->cached);
    set_count(L, "write", u->write);
    set_count(L, "reasoning", u->reasoning);
}

static void push_str(lua_State *L, str s)
{
    lua_pushlstring(L, s.p, s.n);
}

/* In dollars; nil until it has ended and when it is not known. */
static void push_cost(lua_State *L, const struct call *c)
{
    int64_t nano = c->state == CALL_ENDED ? cost_of_call(c) : -1;
    if (nano < 0)
        lua_pushnil(L);
    else
        lua_pushnumber(L, (lua_Number)nano / 1e9);
}

/* reply.status, .refused, .sorry, .faq, .stream, .cut (by `total`: it is partial),
** .model, .provider, .finish_reason, .usage (tokens: prompt, completion, cached, write,
** reasoning), .cost (dollars) */
static int field(lua_State *L)
{
    const struct live *l = to_live(L, 1);
    const struct call *c = l->call;
    str key;
    key.p = luaL_checklstring(L, 2, &key.n);
    if (str_eq(key, STR("status")))
        lua_pushinteger(L, c->status);
    else if (str_eq(key, STR("refused")) || str_eq(key, STR("sorry")) ||
             str_eq(key, STR("faq")) || str_eq(key, STR("queued")))
        lua_pushboolean(L, 0);
    else if (str_eq(key, STR("stream")))
        lua_pushboolean(L, c->event_stream);
    else if (str_eq(key, STR("cut")))
        lua_pushboolean(L, c->cut);
    else if (str_eq(key, STR("model")))
        push_str(L, c->ask.model);
    else if (str_eq(key, STR("provider")))
        push_str(L, c->ask.provider->name);
    else if (str_eq(key, STR("usage")))
        push_usage(L, &c->tap.usage);
    else if (str_eq(key, STR("cost")))
        push_cost(L, c);
    else if (str_eq(key, STR("finish_reason")) && c->tap.finish[0] != '\0')
        lua_pushstring(L, c->tap.finish);
    else {
        lua_pushvalue(L, 2);
        lua_rawget(L, lua_upvalueindex(1));
    }
    return 1;
}

/* A reply may be passed where a rung's result is called with req. */
static int itself(lua_State *L)
{
    lua_settop(L, 1);
    return 1;
}

/* --- filtering ------------------------------------------------------------- */

/* The registry reference of a filter's function, the same for each reply. */
static int reference_of(lua_State *L, int function)
{
    luaL_getsubtable(L, LUA_REGISTRYINDEX, FILTERS);
    lua_pushvalue(L, function);
    if (lua_rawget(L, -2) == LUA_TNIL) {
        lua_pushvalue(L, function);
        lua_pushvalue(L, function);
        lua_pushinteger(L, luaL_ref(L, LUA_REGISTRYINDEX));
        lua_rawset(L, -4);
        lua_pop(L, 1);
        lua_pushvalue(L, function);
        lua_rawget(L, -2);
    }
    int reference = (int)lua_tointeger(L, -1);
    lua_pop(L, 2);
    return reference;
}

/* A written reply is all there: the function sees it at once. */
static int filter_written(lua_State *L, const struct written_reply *w)
{
    lua_pushvalue(L, 2);
    lua_pushlstring(L, w->text, w->len);
    lua_call(L, 1, 1);
    const struct written_reply *cut = luaL_testudata(L, -1, CUT_TYPE);
    str text = {w->text, w->len};
    if (cut != NULL)
        text = (str){cut->text, cut->len};
    else if (lua_type(L, -1) == LUA_TSTRING)
        text.p = lua_tolstring(L, -1, &text.n);
    else if (!lua_isnil(L, -1))
        return sandbox_raise(L, "p.filter: the function returned neither nil, "
                                "a text nor p.cut(text)");
    bind_push_written(L, w->kind, text);
    return 1;
}

/* filtered(reply, f, hold) -> the reply, whose text passes through f */
static int filtered(lua_State *L)
{
    luaL_checktype(L, 2, LUA_TFUNCTION);
    const struct written_reply *w = luaL_testudata(L, 1, WRITTEN_TYPE);
    if (w != NULL)
        return filter_written(L, w);
    struct live *l = to_readable(L, 1);
    lua_Integer hold = luaL_checkinteger(L, 3);
    struct filter *f = arena_zero(&l->request->arena, sizeof *f);
    if (f == NULL)
        return luaL_error(L, "not enough memory");
    *f = (struct filter){.inner = l->filter,
                         .function = reference_of(L, 2),
                         .hold = (size_t)hold};
    struct live *out = lua_newuserdatauv(L, sizeof *out, 1);
    *out = *l;
    out->filter = f;
    luaL_setmetatable(L, LIVE_TYPE);
    return 1;
}

static const luaL_Reg methods[] = {
    {"text", text},
    {"json", json},
    {"each", each},
    {NULL, NULL},
};

static const luaL_Reg functions[] = {
    {"filtered", filtered},
    {NULL, NULL},
};

void bind_reply(lua_State *L)
{
    bind_type(L, &(struct bind_type){.name = LIVE_TYPE,
                                     .methods = methods,
                                     .index = field,
                                     .call = itself});
    luaL_setfuncs(L, functions, 0);
}
