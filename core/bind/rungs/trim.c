/*
** trim.c -- a request whose conversation is shorter (p.trim).
**
** Nothing is decoded: the messages that stay are the client's own bytes. The
** shorter list belongs to the request and is charged to the hold; where there
** is no room for it, nothing is left out.
*/
#include "bind/bind.h"

#include "kernel/estimate.h"
#include "run/path.h"
#include "run/strand/strand.h"
#include "run/runtime.h"
#include "run/sandbox.h"
#include "run/task.h"
#include "wire/turns.h"
#include "wire/window.h"

struct shorter {
    struct ending ending; /* first */
    struct buf messages;
    size_t share; /* of the hold */
};

static void let_go(struct ending *ending, struct request *r)
{
    struct shorter *s = (struct shorter *)(void *)ending;
    buf_fini(&s->messages);
    hold_set(&r->rt->hold, &s->share, 0);
}

/* --- the options ----------------------------------------------------------- */

static int64_t count_of(lua_State *L, const char *name, int64_t otherwise)
{
    int64_t n = otherwise;
    if (lua_getfield(L, 2, name) == LUA_TNUMBER)
        n = lua_tointeger(L, -1);
    lua_pop(L, 1);
    return n;
}

/* Ask the author's function about every message that could leave. */
static void ask_pins(lua_State *L, struct turns *t)
{
    if (lua_getfield(L, 2, "pin") != LUA_TNIL)
        for (int i = 0; i < t->n; i++) {
            if (!turns_loose(t, i))
                continue;
            lua_pushvalue(L, -1);
            if (!bind_push_json(L, t->at[i].body))
                sandbox_raise(L, "trim: a message is too large for pin");
            lua_call(L, 1, 1);
            if (lua_toboolean(L, -1))
                turns_keep(t, i);
            lua_pop(L, 1);
        }
    lua_pop(L, 1);
}

/* --- the shorter list ------------------------------------------------------ */

/* Its text; absent when there is no room. */
static str put(lua_State *L, struct request *r, const struct turns *t)
{
    str note = STR_NONE;
    if (lua_getfield(L, 2, "note") == LUA_TSTRING)
        note.p = lua_tolstring(L, -1, &note.n);
    struct shorter *s = arena_zero(&r->arena, sizeof *s);
    if (s == NULL)
        return STR_NONE;
    size_t most = note.n * 6 + 64;
    for (int i = 0; i < t->n; i++)
        most += t->at[i].gone ? 0 : t->at[i].body.text.n + 1;
    if (!hold_has(&r->rt->hold, most))
        return STR_NONE;
    s->ending.run = let_go;
    buf_init(&s->messages, most);
    request_on_end(r, &s->ending);
    turns_put(t, note, &s->messages);
    hold_set(&r->rt->hold, &s->share, s->messages.cap);
    return buf_ok(&s->messages) ? buf_str(&s->messages) : STR_NONE;
}

/* Push the view without what was left out; false: there is no room for it. */
static bool push_shorter(lua_State *L, struct request *r, const struct turns *t,
                         int dropped)
{
    str messages = put(L, r, t);
    if (messages.p == NULL)
        return false;
    str word = arena_int(&r->arena, dropped);
    request_step(r, STR("trim"), word.p);
    struct view *view = bind_push_view(L, 1);
    view->messages = messages;
    view->said = view->said * 31 + turns_hash(t);
    view->content = bind_content(view);
    return true;
}

/* Read the conversation, which is not the policy's work. */
static bool read_turns(struct request *r, const struct view *view,
                       struct turns *t)
{
    struct world *world = r->rt->world;
    nanos from = world_now(world);
    bool ok = turns_read(t, bind_messages(view), &r->arena);
    task_not_charged(r, world_now(world) - from);
    return ok;
}

/* What goes along with every conversation of this request, in tokens. */
static int64_t beside(const struct request *r, const struct view *view)
{
    str tools = json_get(r->root, STR("tools")).text;
    return estimate_tokens(tools) + estimate_tokens(view->system);
}

/* trim(req, { to =, pin =, note =, last = }) -> a req of at most `to` tokens,
** as near as it comes; req itself when nothing is left out */
static int trim(lua_State *L)
{
    struct view *view = bind_view(L, 1);
    struct request *r = view->request;
    struct turns t;
    lua_settop(L, 2);
    luaL_checktype(L, 2, LUA_TTABLE);
    int64_t most = count_of(L, "to", INT64_MAX) - beside(r, view);
    if (read_turns(r, view, &t) && t.tokens > most) {
        ask_pins(L, &t);
        int n = turns_drop(&t, most, (int)count_of(L, "last", 1));
        if (n > 0 && push_shorter(L, r, &t, n))
            return 1;
    }
    lua_pushvalue(L, 1);
    return 1;
}

/* What the provider said of its limit, in the last fault. */
static struct window told(const struct request *r, const struct fault *fault)
{
    struct upstream_error e = {.message = fault->message};
    struct buf scratch;
    buf_init(&scratch, fault->body.n + 16);
    if (fault->body.p != NULL)
        r->dialect->error_of(fault->body, &e, &scratch);
    struct window w = window_told(e.message);
    buf_fini(&scratch);
    return w;
}

/* trim_harder(req, options) -> the same, by what the last fault said of the
** limit, or by a quarter; nil when nothing can be left out */
static int trim_harder(lua_State *L)
{
    struct view *view = bind_view(L, 1);
    struct request *r = view->request;
    struct turns t;
    lua_settop(L, 2);
    luaL_checktype(L, 2, LUA_TTABLE);
    if (!read_turns(r, view, &t))
        return 0;
    int64_t fixed = beside(r, view);
    struct window limit = told(r, &bind_strand(L, r)->fault);
    int64_t most = window_aim(limit, t.tokens + fixed) - fixed;
    ask_pins(L, &t);
    int n = turns_drop(&t, most, (int)count_of(L, "last", 1));
    return n > 0 && push_shorter(L, r, &t, n) ? 1 : 0;
}

static const luaL_Reg functions[] = {
    {"trim", trim},
    {"trim_harder", trim_harder},
    {NULL, NULL},
};

void bind_trim(lua_State *L)
{
    luaL_setfuncs(L, functions, 0);
}
