/*
** charge.c -- a call is paid for before it leaves, and settled when it has ended.
**
** What it may cost at most is reserved from every budget that is attached, in one
** step; if one of them has not that much, the prompt is counted, then the answer
** is made shorter, and only then does the call decline. The end of the call,
** whatever it is, settles; a charge whose call was never started is given back
** when the request ends.
*/
#include "bind/budget/budget.h"

#include "base/defence.h"
#include "base/err.h"
#include "run/cost.h"
#include "run/events.h"
#include "run/generation.h"
#include "run/task.h"

#define TRIES 8 /* somebody else may take what was left, again and again */

/* --- what there is ----------------------------------------------------------- */

static void gather(struct charge *c, const struct strand *s)
{
    for (int caps = 0; caps < 2; caps++) {
        for (const struct attached *a = s->budgets; a != NULL; a = a->next)
            if (a->purse->budget->cap == caps)
                c->purse[c->n++] = a->purse;
        if (!caps)
            c->lines = c->n;
    }
}

static bool counts_dollars(const struct charge *c)
{
    bool any = false;
    for (int i = 0; i < c->n; i++)
        any = any || c->purse[i]->budget->dollars;
    return any;
}

/* --- why not ----------------------------------------------------------------- */

static str told(const struct charging *of, const struct buf *why)
{
    str text = arena_print(&of->strand->request->arena, "%.*s/%.*s: %.*s",
                           STR_ARG(of->provider->name), STR_ARG(of->model),
                           STR_ARG(buf_str(why)));
    return text.p != NULL ? text : STR("a budget does not pay for this call");
}

static void decline(const struct charging *of, const char *why,
                    struct fault *fault)
{
    char room[1024];
    struct buf text = {.p = room, .cap = sizeof room, .max = sizeof room};
    buf_text(&text, why);
    *fault = (struct fault){.kind = FAULT_BUDGET,
                            .status = fault_status(FAULT_BUDGET),
                            .message = told(of, &text)};
}

/* One of them has not that much. */
static void decline_for(const struct charging *of, const struct charge *c,
                        const struct need *need,
                        const struct ledger_refusal *no, struct fault *fault)
{
    char room[1024];
    struct buf text = {.p = room, .cap = sizeof room, .max = sizeof room};
    const struct purse *p = c->purse[no->line];
    nanos now = world_calendar(c->request->rt->world);
    int64_t amount = need_amount(need, p->budget->dollars ? c->price : NULL);
    bool never = amount > p->limit;
    budget_say(p, amount, &no->view, now, &text);
    *fault = (struct fault){.kind = FAULT_BUDGET,
                            .status = never ? 413 : 429,
                            .message = told(of, &text)};
    if (!never && !p->budget->cap) {
        nanos wait = period_at(&p->budget->period, now).ends - now;
        fault->retry_after = (int)((wait + NANOS_S - 1) / NANOS_S);
    }
    atomic_fetch_add(&p->budget->totals->refused, 1);
}

static void decline_broken(const struct charging *of, const struct charge *c,
                           int error, struct fault *fault)
{
    const char *why =
        error == ERR_MEMORY ? "its budgets cannot be charged: no memory"
        : error == ERR_STATE
            ? "its budgets cannot be charged in a forked process"
            : "its budgets cannot be charged: there is no room for more in "
              "budgets.map, or on its disk";
    decline(of, why, fault);
    fault->status = 503;
    if (realm_first(c->request->rt->realm, "charge", (uint64_t)-error))
        event_runtime(c->request->rt, "budgets_unavailable", fault->message);
}

static void decline_closed(const struct charging *of,
                           const struct store_why *why, struct fault *fault)
{
    struct runtime *rt = of->strand->request->rt;
    decline(of, "its budgets cannot be charged; the log says why", fault);
    fault->status = 503;
    if (realm_first(rt->realm, "ledger", str_hash(str_of(why->text))))
        event_runtime(rt, "budgets_unavailable", str_of(why->text));
}

/* --- reserving ----------------------------------------------------------------- */

static const struct price *price_for(const struct charge *c, int i)
{
    return c->purse[i]->budget->dollars ? c->price : NULL;
}

/* The first cap that has not so much, or -1. */
static int short_cap(const struct charge *c, struct ledger_refusal *no)
{
    for (int i = c->lines; i < c->n; i++) {
        const struct purse *p = c->purse[i];
        int64_t left = p->limit > p->used ? p->limit - p->used : 0;
        if (c->amount[i] > left) {
            *no = (struct ledger_refusal){i, {p->used, 0, left}};
            return i;
        }
    }
    return -1;
}

static int reserve_lines(const struct charging *of, struct charge *c,
                         struct ledger_refusal *no)
{
    struct ledger_line lines[LEDGER_MOST_LINES];
    nanos now = world_calendar(c->request->rt->world);
    char room[512];
    struct buf full = {.p = room, .cap = sizeof room, .max = sizeof room};
    buf_print(&full, "%.*s/%.*s", STR_ARG(of->provider->name),
              STR_ARG(of->model));
    if (c->lines == 0)
        return 0;
    for (int i = 0; i < c->lines; i++) {
        lines[i] = purse_line(c->purse[i], c->ledger, buf_str(&full), now);
        lines[i].amount = c->amount[i];
    }
    return ledger_reserve(c->ledger, lines, c->lines, &c->lease, no);
}

/* All of it, or nothing. */
static int reserve(const struct charging *of, struct charge *c,
                   const struct need *need, struct ledger_refusal *no)
{
    for (int i = 0; i < c->n; i++)
        c->amount[i] = need_amount(need, price_for(c, i));
    if (short_cap(c, no) >= 0)
        return ERR_LIMIT;
    int error = reserve_lines(of, c, no);
    for (int i = c->lines; error == 0 && i < c->n; i++)
        c->purse[i]->used += c->amount[i];
    c->open = error == 0;
    return error;
}

/* Reserve as much as there is. On ERR_LIMIT need->out is the shortest answer that
** was tried. */
static int fit(lua_State *L, const struct charging *of, struct charge *c,
               struct need *need, struct ledger_refusal *no)
{
    int64_t wanted = need->out;
    int64_t least = wanted < NEED_SMALLEST ? wanted : NEED_SMALLEST;
    int error = reserve(of, c, need, no);
    for (int tries = 1; error == ERR_LIMIT && tries < TRIES; tries++) {
        if (!need->exact) {
            need_count(L, need, of->view, of->model);
        } else {
            need->out = wanted;
            need->out = need_fit(need, price_for(c, no->line), no->view.left);
            if (need->out < least)
                break;
        }
        error = reserve(of, c, need, no);
    }
    if (error == ERR_LIMIT)
        need->out = least;
    return error;
}

static void give_back(struct ending *ending, struct request *r)
{
    (void)r;
    charge_refund((struct charge *)(void *)ending);
}

static struct charge *begin(lua_State *L, const struct charging *of)
{
    struct request *r = of->strand->request;
    struct charge *c = arena_zero(&r->arena, sizeof *c);
    if (c == NULL)
        luaL_error(L, "not enough memory for a budget");
    c->ending.run = give_back;
    c->request = r;
    c->price = of->price;
    gather(c, of->strand);
    return c;
}

/* Can it be charged at all? */
static bool chargeable(const struct charging *of, struct charge *c,
                       const struct need *need, struct fault *fault)
{
    struct store_why why;
    bool ok = false;
    if (c->price == NULL && counts_dollars(c))
        decline(of,
                "a budget counts dollars and nobody knows its price; give it "
                "one with p.prices, or write free = true",
                fault);
    else if (need->in < 0)
        decline(of,
                "a budget must know beforehand what this request costs at "
                "most, and something in it (a picture or file by its address, "
                "a tool of the provider's, a conversation kept there) has no "
                "bound",
                fault);
    else if (c->lines > 0 &&
             (c->ledger = budget_ledger(c->request, &why)) == NULL)
        decline_closed(of, &why, fault);
    else
        ok = true;
    return ok;
}

bool charge_reserve(lua_State *L, const struct charging *of,
                    struct charge **charge, struct fault *fault)
{
    struct ledger_refusal no;
    *charge = NULL;
    if (of->strand->budgets == NULL || !DEFENCE(budget_reserve))
        return true;
    struct charge *c = begin(L, of);
    struct need need = need_of(of->view);
    int64_t wanted = need.out;
    if (!chargeable(of, c, &need, fault))
        return false;
    int error = fit(L, of, c, &need, &no);
    if (error == ERR_LIMIT)
        decline_for(of, c, &need, &no, fault);
    else if (error != 0)
        decline_broken(of, c, error, fault);
    if (error != 0)
        return false;
    c->out = need.out;
    c->imposed = !need.said || need.out < wanted;
    request_on_end(c->request, &c->ending);
    *charge = c;
    return true;
}

/* --- settling ------------------------------------------------------------------ */

void charge_refund(struct charge *c)
{
    if (!c->open)
        return;
    c->open = false;
    if (c->lines > 0)
        ledger_refund(c->ledger, &c->lease);
    for (int i = c->lines; i < c->n; i++)
        c->purse[i]->used -= c->amount[i];
}

static int64_t tokens_of(const struct usage *u)
{
    return u->known ? price_add(u->prompt, u->completion) : LEDGER_UNKNOWN;
}

/* What it cost, line by line. */
static void settle(struct charge *c, int64_t tokens, int64_t nano)
{
    int64_t actual[LEDGER_MOST_LINES * 2];
    c->open = false;
    for (int i = 0; i < c->n; i++) {
        const struct purse *p = c->purse[i];
        actual[i] = p->budget->dollars ? nano : tokens;
        int64_t spent = actual[i] < 0 ? c->amount[i] : actual[i];
        atomic_fetch_add(&p->budget->totals->spent, spent);
    }
    if (c->lines > 0)
        ledger_settle(c->ledger, &c->lease, actual, c->lines);
    for (int i = c->lines; i < c->n; i++)
        if (actual[i] >= 0)
            c->purse[i]->used =
                price_add(c->purse[i]->used - c->amount[i], actual[i]);
}

void charge_ended(const struct call *call, void *charge)
{
    struct charge *c = charge;
    if (!c->open)
        return;
    if (!call->arrived || call->status >= 400)
        charge_refund(c);
    else
        settle(c, tokens_of(&call->tap.usage), cost_of_call(call));
}
