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
#include "net/call/used.h"
#include "run/cost.h"
#include "run/events.h"
#include "run/generation.h"
#include "run/task.h"

/* Each of them may be tighter than those before it; and somebody else may take
** what was left, again and again. */
#define TRIES (2 * LEDGER_MOST_LINES + 8)

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
                           STR_ARG(of->of->provider->name), STR_ARG(of->model),
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

/* Book what it cost, line by line. True: somebody says more than was reserved,
** and may say anything: no more than that is believed. */
static bool settle(struct charge *c, int64_t tokens, int64_t nano)
{
    int64_t actual[LEDGER_MOST_LINES * 2];
    struct ledger_spent spent[LEDGER_MOST_LINES];
    bool more = false;
    c->open = false;
    for (int i = 0; i < c->n; i++) {
        const struct purse *p = c->purse[i];
        actual[i] = p->budget->dollars ? nano : tokens;
        more = more || actual[i] > c->amount[i];
        if (actual[i] < 0 ||
            (actual[i] > c->amount[i] && DEFENCE(budget_bound)))
            actual[i] = c->amount[i];
        atomic_fetch_add(&p->budget->totals->spent, actual[i]);
    }
    if (c->lines > 0)
        ledger_settle_seen(c->ledger, &c->lease, actual, c->lines, spent);
    for (int i = 0; i < c->lines; i++)
        warn_look(c, c->purse[i], &spent[i]);
    for (int i = c->lines; i < c->n; i++)
        c->purse[i]->used += actual[i] - c->amount[i];
    return more;
}

/* Bounds are what no call takes more than; one that did is told. */
static void tell_violated(const struct charge *c, const struct call *call)
{
    struct buf line;
    for (int i = 0; i < c->n; i++)
        atomic_fetch_add(&c->purse[i]->budget->totals->violated, 1);
    struct world *world = c->request->rt->world;
    event_begin(&line, world);
    event_text(&line, "event", STR("bound_violated"));
    event_text(&line, "request_id", c->request->id);
    event_text(&line, "provider", call->ask.provider->name);
    event_text(&line, "model", call->ask.model);
    event_int(&line, "bound_tokens",
              price_add(c->bound.input, bound_output(&c->bound)));
    event_text(
        &line, "message",
        STR("the provider says that this call took more than it could, "
            "or cost more than its price; what was reserved is charged"));
    event_send(&line, world);
}

static void call_ended(struct ender *ender, const struct call *call)
{
    struct charge *c =
        (struct charge *)(void *)((char *)ender -
                                  offsetof(struct charge, ender));
    struct used used;
    if (!c->open || !DEFENCE(budget_settle))
        return;
    call_used(call, &used);
    bool known = used.how != USED_UNKNOWN;
    int64_t tokens = price_add(used.usage.prompt, used.usage.completion);
    if (used.how == USED_NOTHING)
        charge_refund(c);
    else if (settle(c, known ? tokens : LEDGER_UNKNOWN,
                    known ? cost_of_call(call) : LEDGER_UNKNOWN) ||
             used.violated)
        tell_violated(c, call);
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
    if (c->lines == 0)
        return 0;
    buf_add(&full, of->of->provider->name);
    buf_byte(&full, '/');
    buf_add(&full, of->model);
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

/* Reserve as much as there is. On ERR_LIMIT need->bound.each is the shortest answer that
** was tried. */
static int fit(lua_State *L, const struct charging *of, struct charge *c,
               struct need *need, struct ledger_refusal *no)
{
    int64_t wanted = need->bound.each;
    int64_t least = wanted < NEED_SMALLEST ? wanted : NEED_SMALLEST;
    int error = reserve(of, c, need, no);
    for (int tries = 1; error == ERR_LIMIT && tries < TRIES; tries++) {
        if (!need->counted) {
            need_count(L, need);
        } else {
            need->bound.each = wanted;
            need->bound.each =
                need_fit(need, price_for(c, no->line), no->view.left);
            if (need->bound.each < least)
                break;
        }
        error = reserve(of, c, need, no);
    }
    if (error == ERR_LIMIT)
        need->bound.each = least;
    return error;
}

static void give_back(struct ending *ending, struct request *r)
{
    struct charge *c = (struct charge *)(void *)ending;
    (void)r;
    charge_refund(c);
    warn_tell(c);
}

static struct charge *begin(lua_State *L, const struct charging *of)
{
    struct request *r = of->strand->request;
    struct charge *c = arena_zero(&r->arena, sizeof *c);
    if (c == NULL)
        luaL_error(L, "not enough memory for a budget");
    c->ending.run = give_back;
    c->ender.ended = call_ended;
    c->request = r;
    c->price = of->price;
    gather(c, of->strand);
    return c;
}

static void decline_unbounded(const struct charging *of,
                              const struct bound_why *why, struct fault *fault)
{
    char room[1024];
    struct buf text = {.p = room, .cap = sizeof room, .max = sizeof room};
    buf_text(&text, "a budget must know beforehand what a request may cost: ");
    bound_put_why(why, &text);
    *fault = (struct fault){
        .kind = FAULT_BUDGET, .status = 400, .message = told(of, &text)};
}

/* What it needs, if it can be charged at all. */
static bool chargeable(const struct charging *of, struct charge *c,
                       struct need *need, struct fault *fault)
{
    struct store_why closed;
    struct bound_why unbounded;
    if (c->price == NULL && counts_dollars(c) && DEFENCE(budget_price)) {
        decline(of,
                "a budget counts dollars and nobody knows its price; give it "
                "one with p.prices, or write free = true",
                fault);
        fault->status = 500; /* it is the policy that lacks something */
        return false;
    }
    if (c->lines > 0)
        c->ledger = budget_ledger(c->purse[0]->budget, c->request, &closed);
    if (c->lines > 0 && c->ledger == NULL) {
        decline_closed(of, &closed, fault);
        return false;
    }
    *need = (struct need){.ask.max_out = of->of->max_out,
                          .ask.most = &of->of->most};
    if (!need_begin(need, of->view, of->model, &unbounded)) {
        decline_unbounded(of, &unbounded, fault);
        return false;
    }
    return true;
}

bool charge_reserve(lua_State *L, const struct charging *of,
                    struct charge **charge, struct fault *fault)
{
    struct ledger_refusal no;
    *charge = NULL;
    if (of->strand->undecided > 0 && DEFENCE(budget_undecided)) {
        decline(of,
                "a gate of a budget failed, so it is not known who would pay; "
                "the policy must not go on when a gate raises",
                fault);
        return false;
    }
    if (of->strand->budgets == NULL || !DEFENCE(budget_reserve))
        return true;
    struct charge *c = begin(L, of);
    struct need need;
    if (!chargeable(of, c, &need, fault))
        return false;
    int64_t wanted = need.bound.each;
    int error = fit(L, of, c, &need, &no);
    if (error == ERR_LIMIT)
        decline_for(of, c, &need, &no, fault);
    else if (error != 0)
        decline_broken(of, c, error, fault);
    if (error != 0)
        return false;
    c->bound = need.bound;
    c->imposed = !need.bound.client_said || need.bound.each < wanted;
    request_on_end(c->request, &c->ending);
    *charge = c;
    return true;
}

/* --- on the disk ---------------------------------------------------------------- */

static void on_disk(struct disk_wait *w)
{
    struct charge *c =
        (struct charge *)(void *)((char *)w - offsetof(struct charge, disk));
    c->sleeper->parting = NULL;
    task_wake(c->sleeper);
    c->sleeper = NULL;
}

/* Its strand was cancelled, or is late. */
static void part(struct parting *parting)
{
    struct charge *c =
        (struct charge *)(void *)((char *)parting -
                                  offsetof(struct charge, parting));
    c->sleeper = NULL;
    disk_leave(&c->disk);
    charge_refund(c);
}

bool charge_syncs(struct charge *c, struct strand *s)
{
    struct runtime *rt = c->request->rt;
    if (c->lines == 0 || realm_folder(rt->realm) == NULL ||
        realm_durability(rt->realm) != STORE_POWER || !DEFENCE(budget_disk))
        return false;
    c->sleeper = s;
    c->parting.run = part;
    s->parting = &c->parting;
    c->disk.done = on_disk;
    disk_wait(&rt->disk, c->ledger, &c->disk);
    return true;
}

bool charge_synced(const struct charging *of, struct charge *c,
                   struct fault *fault)
{
    if (c->disk.error == 0)
        return true;
    decline_broken(of, c, c->disk.error, fault);
    charge_refund(c);
    return false;
}
