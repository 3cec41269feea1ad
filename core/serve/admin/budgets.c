/*
** budgets.c -- GET /admin/budgets: every p.budget there is, and what all keys
** together have spent of it since the process began. What one key has spent of
** its own budgets is told with the key.
*/
#include "serve/admin/inner.h"

#include "meter/price/price.h"
#include "run/realm/budgets.h"

#define LIST_MAX ((size_t)1 << 20)

static void put(void *thing, str name, void *user)
{
    struct buf *to = user;
    struct budget_totals *t = thing;
    int64_t spent = atomic_load(&t->spent);
    bool usd = atomic_load(&t->dollars);
    buf_text(to, to->p[to->n - 1] == '}' ? ",{" : "{");
    json_put_name(to, STR("name"));
    json_put_string(to, name);
    json_put_name(to, STR("unit"));
    json_put_string(to, usd ? STR("usd") : STR("tokens"));
    json_put_name(to, STR("spent"));
    if (usd)
        price_put(to, spent);
    else
        buf_int(to, spent);
    json_put_name(to, STR("refused"));
    buf_int(to, atomic_load(&t->refused));
    buf_byte(to, '}');
}

void budgets_list(struct errand *e, str none)
{
    struct buf body;
    (void)none;
    buf_init(&body, LIST_MAX);
    buf_room(&body, LIST_MAX / 16);
    buf_text(&body, "{\"budgets\":[");
    if (buf_ok(&body))
        budgets_each(e->admin->rt->realm, put, &body);
    buf_text(&body, "]}");
    if (buf_ok(&body))
        errand_json(e, 200, buf_str(&body));
    else
        errand_no(e, &(struct no){503, "no_memory",
                                  STR("The gateway is out of memory. Try again "
                                      "later."),
                                  STR_NONE, NULL});
    buf_fini(&body);
}
