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

/* The output with all thoughts in it. What the total has besides are thoughts;
** and so it is where there are more of them than there is output. */
static int64_t all_output(const struct usage_told *told)
{
    int64_t beside =
        countable(told->total) ? told->total - told->input - told->output : 0;
    if (beside <= 0 && told->reasoning > told->output)
        beside = told->reasoning;
    return beside > 0 && DEFENCE(thoughts_beside) ? told->output + beside
                                                  : told->output;
}

struct usage usage_of(const struct usage_told *told)
{
    struct usage u = {.prompt = told->input};
    if (!countable(told->input) || !countable(told->output) ||
        !countable(told->reasoning > 0 ? told->reasoning : 0))
        return (struct usage){.absurd = true};
    u.completion = all_output(told);
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
