/*
** gate.c -- the gate: attach first, decide afterwards.
**
** It looks at what is left and reserves nothing: what is paid for is decided in
** each call, and the gate only spares a request that could pay for none the way
** there. Its verdict stands for the whole request.
*/
#include "bind/budget/budget.h"

#include <math.h>
#include <stdio.h>

#include "base/defence.h"
#include "run/generation.h"
#include "run/path.h"
#include "run/sandbox.h"
#include "run/task.h"

#define WORTH_WAITING (60 * NANOS_S) /* longer, and no client library should */

static const struct budget *to_budget(lua_State *L, int arg)
{
    const struct budget **box = luaL_checkudata(L, arg, BUDGET_TYPE);
    return *box;
}

/* --- what it takes at least -------------------------------------------------- */

/* The cheapest of the models that may be asked, those with a price and that are
** not for nothing: the declared ones, and the one that the client names. */
struct cheapest {
    const struct need *need;
    int64_t nano; /* < 0: there is none */
};

static void consider(struct cheapest *c, const struct price *price)
{
    if (price == NULL || price == &price_free)
        return;
    int64_t nano = need_amount(c->need, price);
    if (c->nano < 0 || nano < c->nano)
        c->nano = nano;
}

static int64_t dollars_needed(const struct generation *g,
                              const struct request *r, const struct need *need)
{
    struct cheapest c = {need, -1};
    str model = r->model, provider = str_split(&model, '/');
    for (const struct model_entry *e = g->models; e != NULL; e = e->next)
        consider(&c, prices_find(&g->prices, e->provider, e->model));
    if (model.p != NULL)
        consider(&c, prices_find(&g->prices, provider, model));
    return c.nano >= 0 ? c.nano : 1;
}

/* Enough for this prompt and a smallest answer. */
static int64_t needed(const struct purse *p, const struct request *r,
                      const struct need *need)
{
    return p->budget->dollars ? dollars_needed(r->gen, r, need)
                              : need_amount(need, NULL);
}

/* How it is to be counted. What the client calls its model may be any name: then
** as those are that one asks first. */
static str counted_as(const struct view *view)
{
    str model = view->model.p != NULL ? view->model : view->request->model;
    bool known = model.p != NULL && tokens_encoding(model) != ENCODING_NONE;
    return known ? model : STR_NONE;
}

/* The same for a view; counted where bytes say too much. Pictures and the like
** are nothing, and what has no bound needs 1: each call decides, by what its model
** declares. */
static int64_t needed_for(lua_State *L, const struct purse *p,
                          const struct view *view)
{
    static const struct bound_most nothing = {.said = (1u << BOUND_KINDS) - 1};
    struct request *r = view->request;
    struct need need = {.ask.max_out = NEED_SMALLEST, .ask.most = &nothing};
    struct bound_why why;
    if (!need_begin(&need, view, STR(""), &why))
        return 1;
    need.ask.model = counted_as(view);
    need.bound.answers = 1;
    int64_t amount = needed(p, r, &need);
    if (amount <= p->view.left)
        return amount;
    need_count(L, &need);
    return needed(p, r, &need);
}

/* --- the verdict ------------------------------------------------------------- */

static void look(struct purse *p, struct request *r)
{
    struct store_why why;
    nanos now = world_calendar(r->rt->world);
    if (p->budget->cap) {
        int64_t left = p->limit > p->used ? p->limit - p->used : 0;
        p->view = (struct ledger_view){p->used, 0, left};
        return;
    }
    p->ends = period_at(&p->budget->period, now).ends;
    struct ledger *ledger = budget_ledger(p->budget, r, &why);
    p->view = (struct ledger_view){.left = p->limit};
    if (ledger == NULL)
        return; /* every call will decline, and say so */
    struct ledger_line line = purse_line(p, ledger, STR_NONE, now);
    ledger_look(ledger, &line, &p->view);
}

static void judge(lua_State *L, struct purse *p, const struct view *view)
{
    struct request *r = view->request;
    const struct budget *b = p->budget;
    p->judged = true;
    look(p, r);
    if (!b->declines && !b->by_model) {
        p->need = needed_for(L, p, view);
        p->refuses = p->need > p->view.left && DEFENCE(budget_gate);
        p->never = p->need > p->limit;
    }
    if (p->refuses)
        atomic_fetch_add(&b->totals->refused, 1);
    request_step(r, b->name, p->refuses ? "spent" : "ok");
}

/* A 429 that says which budget, what is used, of how much and until when; or a
** 413, when waiting would not help. */
static int refuse(lua_State *L, const struct purse *p, struct request *r)
{
    char room[1024];
    struct buf text = {.p = room, .cap = sizeof room, .max = sizeof room};
    nanos now = world_calendar(r->rt->world);
    nanos wait = p->ends > now ? p->ends - now : 1;
    budget_say(p, p->need, &p->view, now, &text);
    struct written_reply *w =
        bind_push_written(L, WRITTEN_REFUSE, buf_str(&text));
    bool never = p->never || p->budget->cap;
    w->status = never ? 413 : 429;
    w->wait = never ? 0 : wait;
    w->again = !never && wait <= WORTH_WAITING;
    snprintf(w->code, sizeof w->code, "%s",
             never ? "request_too_large" : "budget_exceeded");
    return 1;
}

static int64_t limit_of(lua_State *L, const struct budget *b, int arg)
{
    lua_Integer set = luaL_checkinteger(L, arg);
    luaL_argcheck(L, set >= 1 && set <= b->limits_n, arg, "no such set");
    return b->limits[set - 1];
}

static str who_at(lua_State *L, int arg)
{
    str who = {"", 0};
    if (!lua_isnoneornil(L, arg))
        who.p = luaL_checklstring(L, arg, &who.n);
    return who;
}

/* budget_ask(budget, req, who, set) -> nil: go on; or a refusal. Set 0: no limit
** is set to this one */
static int ask(lua_State *L)
{
    const struct budget *b = to_budget(L, 1);
    const struct view *view = bind_view(L, 2);
    struct request *r = view->request;
    if (luaL_checkinteger(L, 4) == 0)
        return 0;
    struct strand *s = bind_strand(L, r);
    s->undecided++;
    struct purse *p = purse_of(L, r, b, who_at(L, 3), limit_of(L, b, 4));
    purse_attach(L, s, p);
    s->undecided--;
    if (!p->judged)
        judge(L, p, view);
    return p->refuses ? refuse(L, p, r) : 0;
}

/* budget_begin(req): until budget_end(req) it is not known whose money is spent, so
** nothing can be; should an error come between, for the rest of the request */
static int begin(lua_State *L)
{
    struct request *r = bind_view(L, 1)->request;
    bind_strand(L, r)->undecided++;
    return 0;
}

/* budget_end(req): it is known again */
static int end(lua_State *L)
{
    struct request *r = bind_view(L, 1)->request;
    bind_strand(L, r)->undecided--;
    return 0;
}

/* --- looking ----------------------------------------------------------------- */

static void push_amount(lua_State *L, const struct budget *b, int64_t n)
{
    if (b->dollars)
        lua_pushnumber(L, (lua_Number)n / 1e9);
    else
        lua_pushinteger(L, n);
}

/* budget_look(budget, req, who, set) -> what is left, what is spent: tokens or
** dollars. What is reserved is neither */
static int look_at(lua_State *L)
{
    const struct budget *b = to_budget(L, 1);
    struct request *r = bind_view(L, 2)->request;
    lua_Integer set = luaL_checkinteger(L, 4);
    int64_t limit = set == 0 ? INT64_MAX : limit_of(L, b, 4);
    struct purse *known = purse_of(L, r, b, who_at(L, 3), limit);
    struct purse now = *known;
    look(&now, r);
    if (set == 0)
        lua_pushnumber(L, HUGE_VAL);
    else
        push_amount(L, b, now.view.left);
    push_amount(L, b, now.view.spent);
    return 2;
}

static const luaL_Reg functions[] = {
    {"budget_begin", begin},  {"budget_end", end}, {"budget_ask", ask},
    {"budget_look", look_at}, {NULL, NULL},
};

void bind_budget_gate(lua_State *L)
{
    luaL_setfuncs(L, functions, 0);
}
