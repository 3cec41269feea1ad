/*
** purse.c -- whose money a request spends, and which calls spend it.
**
** A purse is found by its budget and key, so that a gate that is asked again in
** the same request, wherever, has given its verdict already. What is attached is
** a list that only grows at its front: a branch shares what its parent has, and
** its parent never sees what it adds.
*/
#include "bind/budget/budget.h"

#include "run/generation.h"
#include "run/sandbox.h"
#include "run/task.h"

struct purse *purse_of(lua_State *L, struct request *r, const struct budget *b,
                       str who, int64_t limit)
{
    for (struct purse *p = r->purses; p != NULL; p = p->next)
        if (p->budget == b && str_eq(p->who, who))
            return p;
    struct purse *p = arena_zero(&r->arena, sizeof *p);
    str copy = arena_copy(&r->arena, who);
    if (p == NULL || (who.p != NULL && copy.p == NULL))
        luaL_error(L, "not enough memory for a budget");
    *p = (struct purse){
        .next = r->purses, .budget = b, .who = copy, .limit = limit};
    r->purses = p;
    return p;
}

static bool is_attached(const struct strand *s, const struct purse *p)
{
    const struct attached *a = s->budgets;
    while (a != NULL && a->purse != p)
        a = a->next;
    return a != NULL;
}

/* How many are attached of those with a row, or of those without. */
static int count(const struct strand *s, bool caps)
{
    int n = 0;
    for (const struct attached *a = s->budgets; a != NULL; a = a->next)
        n += a->purse->budget->cap == caps;
    return n;
}

void purse_attach(lua_State *L, struct strand *s, struct purse *p)
{
    if (is_attached(s, p))
        return;
    if (count(s, p->budget->cap) == LEDGER_MOST_LINES)
        sandbox_raise(L,
                      "budget %s: a request can be charged to %d budgets at a "
                      "time, and this would be one more",
                      p->budget->name.p, LEDGER_MOST_LINES);
    struct attached *a = arena_zero(&s->request->arena, sizeof *a);
    if (a == NULL)
        luaL_error(L, "not enough memory for a budget");
    *a = (struct attached){.next = s->budgets, .purse = p};
    s->budgets = a;
}

/* Its row, worked out once: that is three hashes. */
static struct ledger_id id_of(struct purse *p, struct ledger *ledger, str model)
{
    if (p->budget->by_model)
        return ledger_id(ledger, p->budget->shape, model);
    if ((p->id.half[0] | p->id.half[1]) == 0)
        p->id = ledger_id(ledger, p->budget->shape, p->who);
    return p->id;
}

struct ledger_line purse_line(struct purse *p, struct ledger *ledger, str model,
                              nanos now)
{
    return (struct ledger_line){.id = id_of(p, ledger, model),
                                .span = period_at(&p->budget->period, now),
                                .limit = p->limit};
}

struct ledger *budget_ledger(const struct budget *b, const struct request *r,
                             struct store_why *why)
{
    struct runtime *rt = r->rt;
    return b->ledger != NULL ? b->ledger
                             : budgets_ledger(rt->realm, rt->world, why);
}
