/*
** recent.c -- a ring of instants and amounts, the oldest first.
**
** An entry that stands for several has the time of the last of them. To give
** something back is to make its entry smaller, so what is exact stays exact
** whatever order the corrections come in: everybody corrects his own.
*/
#include "meter/limit/recent.h"

#include "base/defence.h"
#include "base/mem.h"

#define SLOTS 63

static struct passed *nth(const struct recent *r, int i)
{
    return &r->list[(r->first + i) & (r->cap - 1)];
}

static struct passed *newest(const struct recent *r)
{
    return nth(r, r->n - 1);
}

void recent_fini(struct recent *r)
{
    mem_free(r->list);
    *r = (struct recent){.list = NULL};
}

/* Has what passed then left the period? */
static bool has_left(nanos at, const struct limit_rate *rate, nanos now)
{
    return now - at >= rate->per;
}

void recent_drop(struct recent *r, const struct limit_rate *rate, nanos now)
{
    while (r->n > 0 && has_left(nth(r, 0)->at, rate, now)) {
        r->sum = r->sum - wide_of(nth(r, 0)->n);
        r->first = (uint8_t)((r->first + 1) & (r->cap - 1));
        r->n--;
    }
}

bool recent_room(struct recent *r)
{
    if (r->n < r->cap || r->cap == RECENT_MOST)
        return true;
    int cap = r->cap == 0 ? 2 : r->cap * 2;
    struct passed *list = mem_zero((size_t)cap * sizeof *list);
    if (list == NULL)
        return r->cap > 0; /* it goes to the newest */
    for (int i = 0; i < r->n; i++)
        list[i] = *nth(r, i);
    mem_free(r->list);
    r->list = list;
    r->cap = (uint8_t)cap;
    r->first = 0;
    return true;
}

nanos recent_when(const struct recent *r, const struct limit_rate *rate,
                  int64_t n, nanos now)
{
    if (n > rate->n)
        return NANOS_NEVER;
    nanos from = r->n > 0 && newest(r)->at > now ? newest(r)->at : now;
    wide most = wide_of(rate->n - n), sum = r->sum;
    for (int i = 0; sum > most; i++) {
        const struct passed *p = nth(r, i);
        sum = sum - wide_of(p->n);
        if (sum <= most && p->at + rate->per > from)
            from = p->at + rate->per;
    }
    return from;
}

/* May the newest entry take in what passes now? */
static bool joins(const struct recent *r, const struct limit_rate *rate,
                  nanos at)
{
    if (r->n == 0)
        return false;
    nanos slot = rate->per / SLOTS + 1;
    bool one_by_one = rate->n <= RECENT_MOST;
    return at == newest(r)->at ||
           (!one_by_one && at / slot == newest(r)->at / slot) || r->n == r->cap;
}

struct taken recent_take(struct recent *r, const struct limit_rate *rate,
                         int64_t n, nanos at)
{
    struct taken t = {.n = n, .at = at};
    if (n <= 0)
        return t;
    if (!joins(r, rate, at)) {
        r->n++;
        *newest(r) = (struct passed){at, 0};
    }
    struct passed *p = newest(r);
    if (n > INT64_MAX - p->n)
        n = INT64_MAX - p->n;
    p->n += n;
    r->sum = r->sum + wide_of(n);
    if (p->at < at && DEFENCE(recent_latest))
        p->at = at;
    return t;
}

void recent_give(struct recent *r, const struct limit_rate *rate,
                 const struct taken *t, int64_t n, nanos now)
{
    if (n > t->n)
        n = t->n;
    if (n <= 0 || has_left(t->at, rate, now))
        return; /* its entry may be gone */
    int i = 0;
    while (i < r->n && nth(r, i)->at < t->at)
        i++;
    if (i == r->n)
        return;
    struct passed *p = nth(r, i);
    n = n < p->n ? n : p->n;
    p->n -= n;
    r->sum = r->sum - wide_of(n);
    while (r->n > 0 && newest(r)->n == 0)
        r->n--; /* nobody is held up by who did not pass */
}

int64_t recent_left(const struct recent *r, const struct limit_rate *rate)
{
    wide most = wide_of(rate->n);
    return r->sum < most ? (int64_t)(most - r->sum) : 0;
}

nanos recent_clear(const struct recent *r, const struct limit_rate *rate)
{
    return r->n > 0 ? newest(r)->at + rate->per : 0;
}
