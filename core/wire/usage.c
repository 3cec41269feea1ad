/*
** usage.c -- counts as providers tell them, brought to one form.
*/
#include "wire/usage.h"

#include "base/defence.h"

/* A part is never negative and never more than its whole. */
static int64_t part(int64_t n, int64_t whole)
{
    return n < 0 ? 0 : n < whole ? n : whole;
}

static bool countable(int64_t n)
{
    return (n >= 0 && n <= USAGE_MOST) || !DEFENCE(usage_range);
}

struct usage usage_of(const struct usage_told *told)
{
    struct usage u = {.prompt = told->input, .completion = told->output};
    if (!countable(told->input) || !countable(told->output))
        return (struct usage){0};
    if (told->form == USAGE_BESIDE)
        u.prompt +=
            part(told->cached, USAGE_MOST) + part(told->write, USAGE_MOST);
    u.cached = part(told->cached, u.prompt);
    u.write = part(told->write, u.prompt - u.cached);
    u.reasoning = part(told->reasoning, u.completion);
    u.known = true;
    return u;
}
