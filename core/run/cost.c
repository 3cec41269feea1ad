/*
** cost.c -- the bill of a request, from its path.
*/
#include "run/cost.h"

#include "base/defence.h"
#include "meter/price/price.h"
#include "run/path.h"

/* Did it get so far that somebody may charge for it? An error's status says
** that nothing was made. */
static bool billed(const struct call *c)
{
    return c->sent != 0 && c->arrived && c->status < 400;
}

int64_t cost_of_call(const struct call *c)
{
    int64_t nano;
    const struct price *price = c->ask.price;
    if (!billed(c) || price == &price_free)
        return 0;
    if (price == NULL)
        return DEFENCE(no_price) ? -1 : 0;
    return price_cost(price, &c->tap.usage, &nano) == 0 ? nano : -1;
}

struct cost cost_of_request(const struct request *r)
{
    struct cost cost = {0};
    for (const struct step *s = r->steps; s != NULL; s = s->next) {
        if (s->call == NULL || !billed(s->call))
            continue;
        int64_t nano = cost_of_call(s->call);
        cost.known += nano >= 0;
        cost.unknown += nano < 0;
        cost.nano = price_add(cost.nano, nano >= 0 ? nano : 0);
    }
    return cost;
}
