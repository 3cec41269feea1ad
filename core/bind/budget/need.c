/*
** need.c -- a bound as an amount of a budget, and how much of it fits.
*/
#include "bind/budget/need.h"

#include "bind/tokens/tokens.h"

bool need_begin(struct need *need, const struct view *view, str model,
                struct bound_why *why)
{
    need->counted = false;
    need->ask.body = view->request->root;
    need->ask.seen = &view->request->seen;
    need->ask.system = view->system;
    need->ask.messages = view->messages;
    need->ask.max_tokens = view->max_tokens;
    need->ask.model = model;
    return bound_of(&need->ask, &need->bound, why) == 0;
}

void need_count(lua_State *L, struct need *need)
{
    need->bound.input = bind_bound_counted(L, &need->ask, &need->bound);
    need->counted = true;
}

static int64_t amount_of(const struct bound *b, const struct price *price)
{
    int64_t out = bound_output(b), nano;
    if (price == NULL || out == INT64_MAX)
        return price_add(b->input, out);
    return price_bound(price, b->input, out, &nano) == 0 ? nano : INT64_MAX;
}

int64_t need_amount(const struct need *need, const struct price *price)
{
    return amount_of(&need->bound, price);
}

int64_t need_fit(const struct need *need, const struct price *price,
                 int64_t left)
{
    struct bound b = need->bound;
    int64_t fits = -1, too_long = b.each + 1;
    while (too_long - fits > 1) {
        b.each = fits + (too_long - fits) / 2;
        if (amount_of(&b, price) <= left)
            fits = b.each;
        else
            too_long = b.each;
    }
    return fits;
}
