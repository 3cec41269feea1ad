/*
** warn.c -- a share of a budget is spent: said once for each period and key.
**
** The ledger tells what was spent before and after each call, and calls settle one
** after another, whichever worker they are in: so exactly one of them comes past
** the share. The log tells at once; on_warn is Lua, so it waits until the request
** has ended and then runs by itself, with time of its own.
*/
#include "bind/budget/budget.h"

#include "run/events.h"
#include "run/generation.h"
#include "run/task.h"

struct warning {
    struct warning *next;
    const struct purse *purse;
    int64_t spent;
};

static bool is_past(const struct budget *b, int64_t limit, int64_t spent)
{
    return (double)spent >= b->warn * (double)limit;
}

static void log_it(const struct request *r, const struct purse *p,
                   int64_t spent)
{
    char room[256];
    struct buf text = {.p = room, .cap = sizeof room, .max = sizeof room};
    struct buf line;
    budget_put(p->budget, spent, &text);
    buf_text(&text, " of ");
    budget_put(p->budget, p->limit, &text);
    buf_print(&text, " per %.*s are spent", STR_ARG(p->budget->word));
    event_begin(&line, r->rt->world);
    event_text(&line, "event", STR("budget_warning"));
    event_text(&line, "budget", p->budget->name);
    event_text(&line, "of", p->who);
    event_text(&line, "request_id", r->id);
    event_text(&line, "message", buf_str(&text));
    event_send(&line, r->rt->world);
}

void warn_look(struct charge *c, const struct purse *p,
               const struct ledger_spent *spent)
{
    const struct budget *b = p->budget;
    if (b->warn <= 0 || !is_past(b, p->limit, spent->after) ||
        is_past(b, p->limit, spent->before))
        return;
    log_it(c->request, p, spent->after);
    struct warning *w = arena_zero(&c->request->arena, sizeof *w);
    if (w == NULL || b->on_warn == LUA_NOREF)
        return;
    *w = (struct warning){c->warnings, p, spent->after};
    c->warnings = w;
}

/* --- on_warn ----------------------------------------------------------------- */

static void set_amount(lua_State *L, const char *name, const struct budget *b,
                       int64_t n)
{
    if (b->dollars)
        lua_pushnumber(L, (lua_Number)n / 1e9);
    else
        lua_pushinteger(L, n);
    lua_setfield(L, -2, name);
}

static void set_text(lua_State *L, const char *name, str text)
{
    lua_pushlstring(L, text.p != NULL ? text.p : "", text.n);
    lua_setfield(L, -2, name);
}

/* on_warn{ budget =, of =, spent =, limit =, unit =, per =, share = }; in a
** protected call, since tables take memory. */
static int call_it(lua_State *L)
{
    const struct warning *w = lua_touserdata(L, 1);
    const struct budget *b = w->purse->budget;
    lua_rawgeti(L, LUA_REGISTRYINDEX, b->on_warn);
    lua_createtable(L, 0, 7);
    set_text(L, "budget", b->name);
    set_text(L, "of", w->purse->who);
    set_amount(L, "spent", b, w->spent);
    set_amount(L, "limit", b, w->purse->limit);
    set_text(L, "unit", b->dollars ? STR("usd") : STR("tokens"));
    set_text(L, "per", b->word);
    lua_pushnumber(L, b->warn);
    lua_setfield(L, -2, "share");
    lua_call(L, 1, 0);
    lua_pushnil(L);
    return 1;
}

static void tell(struct request *r, const struct warning *w)
{
    lua_State *L = r->gen->L;
    struct buf why;
    buf_init(&why, 4096);
    lua_pushcfunction(L, call_it);
    lua_pushlightuserdata(L, (void *)(uintptr_t)w);
    const char *reason = task_call_ours(r, L, 1, &why);
    if (reason != NULL)
        event_policy(r->rt, r, reason, buf_str(&why));
    else
        lua_pop(L, 1);
    buf_fini(&why);
}

void warn_tell(struct charge *c)
{
    for (const struct warning *w = c->warnings; w != NULL; w = w->next)
        tell(c->request, w);
    c->warnings = NULL;
}
