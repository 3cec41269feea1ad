/*
** key.c -- attached before the policy begins, found by the key's id.
*/
#include "bind/budget/key.h"

#include "bind/budget/budget.h"

#include "base/defence.h"
#include "store/keys/key_limits.h"

#define LONGEST 64

/* The name of its kind; a policy's budgets have no space in theirs. */
static str shape_of(const struct amount *a, char room[LONGEST])
{
    struct buf shape = {.p = room, .cap = LONGEST, .max = LONGEST};
    buf_print(&shape, "keys %s/%s", amount_unit_name(a->unit),
              amount_period_name(a));
    return buf_str(&shape);
}

static int64_t limit_of(const struct amount *a)
{
    return a->unit == AMOUNT_USD ? a->nano : a->n;
}

static const struct budget *known(const struct request *r, str shape)
{
    for (const struct purse *p = r->purses; p != NULL; p = p->next)
        if (str_eq(p->budget->shape, shape))
            return p->budget;
    return NULL;
}

static struct budget *declare(struct request *r, const struct amount *a,
                              str shape)
{
    bool emptied;
    struct budget *b = arena_zero(&r->arena, sizeof *b);
    if (b == NULL || shape.p == NULL)
        return NULL;
    struct budget_totals *totals =
        budgets_share(r->rt->realm, shape, shape, &emptied);
    if (totals == NULL)
        return NULL;
    *b = (struct budget){
        .name = arena_join(&r->arena, STR("of key "), r->key->id, STR("")),
        .shape = shape,
        .dollars = a->unit == AMOUNT_USD,
        .cap = a->each_request,
        .on_warn = LUA_NOREF,
        .period.unit = a->per,
        .word = str_of(amount_period_name(a)),
        .totals = totals,
    };
    atomic_store(&totals->dollars, b->dollars);
    return b;
}

static void attach(lua_State *L, struct request *r, const struct amount *a)
{
    char room[LONGEST];
    str shape = arena_copy(&r->arena, shape_of(a, room));
    const struct budget *b = known(r, shape);
    if (b == NULL)
        b = declare(r, a, shape);
    if (b == NULL)
        luaL_error(L, "not enough memory for the budgets of a key");
    purse_attach(L, &r->main, purse_of(L, r, b, r->key->id, limit_of(a)));
}

void key_budget_attach(lua_State *L, struct request *r)
{
    struct key_budgets budgets;
    if (r->key == NULL || r->key->budgets.p == NULL || !DEFENCE(key_budgets))
        return;
    if (key_budgets_read(r->key->budgets, &budgets) != NULL)
        luaL_error(L, "the budgets of this key cannot be read");
    for (int i = 0; i < budgets.n; i++)
        attach(L, r, &budgets.amounts[i]);
}

bool key_budget_look(struct runtime *rt, str id, const struct amount *a,
                     struct ledger_view *view, nanos *ends)
{
    char room[LONGEST];
    struct store_why why;
    struct period period = {.unit = a->per};
    struct span span = period_at(&period, world_calendar(rt->world));
    struct ledger *ledger = budgets_ledger(rt->realm, rt->world, &why);
    if (ledger == NULL || a->each_request)
        return false;
    struct ledger_line line = {.id = ledger_id(ledger, shape_of(a, room), id),
                               .span = span,
                               .limit = limit_of(a)};
    ledger_look(ledger, &line, view);
    *ends = span.ends;
    return true;
}
