/*
** usage.c -- counts as providers tell them, brought to one form.
*/
#include "wire/usage.h"

#include <math.h>

#include "base/defence.h"

#define NOISE 1e-3 /* of a nano-dollar: what binary fractions add */

/* A part is never negative and never more than its whole. */
static int64_t part(int64_t n, int64_t whole)
{
    return n < 0 ? 0 : n < whole ? n : whole;
}

static bool countable(int64_t n)
{
    return (n >= 0 && n <= USAGE_MOST) || !DEFENCE(usage_range);
}

/* Rounded up; what no call can cost is nothing that was said. */
static void set_cost(struct usage *u, double dollars)
{
    double most =
        (double)(u->prompt + u->completion) * USAGE_DEAREST + USAGE_FEES;
    u->priced = dollars >= 0 && (dollars <= most || !DEFENCE(told_cost));
    u->cost = u->priced ? (int64_t)ceil(dollars * 1e9 - NOISE) : 0;
}

struct usage usage_of(const struct usage_told *told)
{
    struct usage u = {.prompt = told->input, .completion = told->output};
    if (!countable(told->input) || !countable(told->output))
        return (struct usage){.absurd = true};
    if (told->form == USAGE_BESIDE)
        u.prompt +=
            part(told->cached, USAGE_MOST) + part(told->write, USAGE_MOST);
    u.cached = part(told->cached, u.prompt);
    u.write = part(told->write, u.prompt - u.cached);
    u.reasoning = part(told->reasoning, u.completion);
    u.known = true;
    if (told->priced)
        set_cost(&u, told->cost);
    return u;
}
