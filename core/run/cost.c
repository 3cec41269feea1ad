/*
** cost.c -- the bill of a request, from its path.
*/
#include "run/cost.h"

#include "base/defence.h"
#include "meter/price/price.h"
#include "net/call/used.h"
#include "run/path.h"

/* What nobody told is the dearest it can be where a budget pays for it. */
static int price_it(const struct call *c, const struct used *used,
                    int64_t *nano)
{
    const struct price *price = c->ask.price;
    const struct usage *u = &used->usage;
    if (used->how != USED_TOLD && c->ask.bound.each > 0)
        return price_bound(price, u->prompt, u->completion, nano);
    return price_cost(price, u, nano);
}

/* In nano-dollars; < 0: not known. */
static int64_t cost_of(const struct call *c, const struct used *used)
{
    int64_t nano;
    if (used->how == USED_NOTHING || c->ask.price == &price_free)
        return 0;
    if (used->how == USED_TOLD && used->usage.priced)
        return used->usage.cost;
    if (c->ask.price == NULL)
        return DEFENCE(no_price) ? -1 : 0;
    return price_it(c, used, &nano) == 0 ? nano : -1;
}

int64_t cost_of_call(const struct call *c)
{
    struct used used;
    call_used(c, &used);
    return cost_of(c, &used);
}

static void add(struct cost *cost, const struct call *c)
{
    struct used used;
    call_used(c, &used);
    cost->violations += used.violated;
    if (used.how == USED_NOTHING)
        return;
    int64_t nano = cost_of(c, &used);
    cost->known += nano >= 0;
    cost->unknown += nano < 0;
    cost->estimated +=
        nano >= 0 && c->ask.price != &price_free && used.how != USED_TOLD;
    cost->nano = price_add(cost->nano, nano >= 0 ? nano : 0);
}

struct cost cost_of_request(const struct request *r)
{
    struct cost cost = {0};
    for (const struct step *s = r->steps; s != NULL; s = s->next)
        if (s->call != NULL)
            add(&cost, s->call);
    return cost;
}
