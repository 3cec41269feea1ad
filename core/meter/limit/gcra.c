/*
** gcra.c -- what is owed, and when it will have been paid.
**
** Units are given back with care. If somebody passed after they were taken, he
** passed because of the debt as it was; to forgive all of it could let through,
** in the same time, what he took and as much again. So after a gift the debt is
** at least what was taken since, as of the last take: then every window that
** begins later holds, and those that begin earlier hold since they lost the
** units that were given back.
*/
#include "meter/limit/gcra.h"

#include "base/defence.h"

static wide cost(const struct limit_rate *r, int64_t n)
{
    return n > 0 ? wide_of(n) * wide_of(r->per) : 0;
}

/* What is left of a debt after so much time. */
static wide paid_off(wide debt, const struct limit_rate *r, nanos time)
{
    wide paid = time > 0 ? wide_of(r->n) * wide_of(time) : 0;
    return debt > paid ? debt - paid : 0;
}

static nanos later_of(nanos a, nanos b)
{
    return a > b ? a : b;
}

/* How long a debt takes, rounded up. */
static nanos time_of(wide debt, const struct limit_rate *r)
{
    wide n = wide_of(r->n), t = debt / n;
    t += t * n < debt;
    return t < wide_of(NANOS_NEVER / 2) ? (nanos)t : NANOS_NEVER / 2;
}

nanos gcra_when(const struct gcra *g, const struct limit_rate *r, int64_t n,
                nanos now)
{
    if (n > r->burst)
        return NANOS_NEVER;
    nanos from = later_of(now, g->at);
    wide debt = paid_off(g->debt, r, from - g->at) + cost(r, n);
    wide most = cost(r, r->burst);
    return debt > most ? from + time_of(debt - most, r) : from;
}

struct taken gcra_take(struct gcra *g, const struct limit_rate *r, int64_t n,
                       nanos at)
{
    g->debt = paid_off(g->debt, r, at - g->at) + cost(r, n);
    g->at = later_of(at, g->at);
    g->sum += (uint64_t)n;
    return (struct taken){n, at, g->sum};
}

void gcra_give(struct gcra *g, const struct limit_rate *r,
               const struct taken *t, int64_t n)
{
    wide gift = cost(r, n < t->n ? n : t->n);
    uint64_t since = g->sum - t->sum;
    int64_t others = since < INT64_MAX ? (int64_t)since : INT64_MAX;
    wide least = DEFENCE(gcra_gift) ? cost(r, others) : 0;
    wide debt = g->debt > gift ? g->debt - gift : 0;
    if (debt < least)
        debt = least;
    if (debt < g->debt)
        g->debt = debt;
}

void gcra_add(struct gcra *g, const struct limit_rate *r, int64_t n, nanos now)
{
    wide most = cost(r, r->burst) + cost(r, r->n);
    nanos at = later_of(now, g->at);
    wide debt = paid_off(g->debt, r, at - g->at) + cost(r, n);
    g->debt = debt < most ? debt : most;
    g->at = at;
    g->sum += (uint64_t)n;
}

int64_t gcra_left(const struct gcra *g, const struct limit_rate *r, nanos now)
{
    wide debt = paid_off(g->debt, r, now - g->at);
    wide most = cost(r, r->burst), per = wide_of(r->per);
    wide left = debt < most ? (most - debt) / per : 0;
    return (int64_t)left;
}

nanos gcra_clear(const struct gcra *g, const struct limit_rate *r)
{
    return g->at + time_of(g->debt, r);
}
