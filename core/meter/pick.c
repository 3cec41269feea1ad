/*
** pick.c -- eight ways to choose one of several.
**
** Most are a score for a candidate, and the least one wins. Round robin and
** weights go by turns, which need no state but a counter: the n-th turn falls
** at n times the golden ratio on a wheel, where each candidate has a piece as
** wide as its weight. That spreads turns more evenly than dice, and it stays
** so when candidates come and go.
*/
#include "meter/pick.h"

#include <math.h>
#include <string.h>

uint64_t pick_next_turn(struct pick_turn *turn)
{
    return atomic_fetch_add_explicit(&turn->n, 1, memory_order_relaxed);
}

/* Every bit of the number depends on every bit of x. */
static uint64_t mixed(uint64_t x)
{
    x = (x ^ x >> 30) * 0xbf58476d1ce4e5b9u;
    x = (x ^ x >> 27) * 0x94d049bb133111ebu;
    return x ^ x >> 31;
}

uint64_t pick_hash(const char *bytes, size_t n)
{
    uint64_t h = 0xcbf29ce484222325u;
    for (size_t i = 0; i < n; i++)
        h = (h ^ (unsigned char)bytes[i]) * 0x100000001b3u;
    return mixed(h);
}

static bool may(const struct pick *p, int i)
{
    return p->may >> i & 1;
}

static int count_of(const struct pick *p)
{
    int n = 0;
    for (int i = 0; i < p->n; i++)
        n += may(p, i);
    return n;
}

/* The nth of those that may be picked. */
static int nth_of(const struct pick *p, int nth)
{
    for (int i = 0; i < p->n; i++)
        if (may(p, i) && nth-- == 0)
            return i;
    return PICK_NONE;
}

static int by_turns(const struct pick *p, int count)
{
    return nth_of(p, (int)(p->turn % (uint64_t)count));
}

/* From 0 up to 1, all bits used. */
static double unit(uint64_t x)
{
    return (double)(x >> 11) / 9007199254740992.0;
}

static int by_weight(const struct pick *p)
{
    double all = 0;
    int last = PICK_NONE;
    for (int i = 0; i < p->n; i++)
        all += may(p, i) ? p->of[i].weight : 0;
    double at = unit((p->turn + 1) * 0x9e3779b97f4a7c15u) * all;
    for (int i = 0; i < p->n; i++) {
        if (!may(p, i))
            continue;
        last = i;
        if ((at -= p->of[i].weight) < 0)
            break;
    }
    return last;
}

/* Two at random, and the better of them: nearly as good as the best of all,
** and no herd runs to the one that looked best a moment ago. */
static int by_latency(const struct pick *p, int count)
{
    uint64_t dice = mixed(p->turn + 1);
    uint64_t n = (uint64_t)count, first = (dice >> 32) % n;
    int a = nth_of(p, (int)first);
    if (count == 1)
        return a;
    uint64_t second = (dice & UINT32_MAX) % (n - 1);
    int b = nth_of(p, (int)(second + (second >= first)));
    bool b_is_better =
        p->of[b].load / p->of[b].weight < p->of[a].load / p->of[a].weight;
    return b_is_better ? b : a;
}

static double score(const struct pick *p, const struct candidate *c)
{
    switch (p->by) {
    case PICK_LEAST_BUSY:
        return c->busy / c->weight;
    case PICK_HEADROOM:
        return -c->share;
    case PICK_COST:
        return c->cost;
    case PICK_HASH:
        return -log(unit(mixed(p->key ^ c->name) | 2048)) / c->weight;
    default:
        return 0;
    }
}

/* What decides between those whose scores are equal. */
static double second_score(const struct pick *p, const struct candidate *c)
{
    return p->by == PICK_COST ? c->load : 0;
}

/* The least score; of equals the first from a place that moves on. */
static int by_score(const struct pick *p)
{
    int best = PICK_NONE, from = (int)(p->turn % (uint64_t)p->n);
    double least = 0, second = 0;
    for (int k = 0; k < p->n; k++) {
        int i = (from + k) % p->n;
        if (!may(p, i))
            continue;
        double s = score(p, &p->of[i]), t = second_score(p, &p->of[i]);
        if (best == PICK_NONE || s < least || (s <= least && t < second)) {
            best = i;
            least = s;
            second = t;
        }
    }
    return best;
}

int pick_one(const struct pick *p)
{
    int count = count_of(p);
    if (count == 0)
        return PICK_NONE;
    switch (p->by) {
    case PICK_ROUND_ROBIN:
        return by_turns(p, count);
    case PICK_WEIGHTED:
        return by_weight(p);
    case PICK_LATENCY:
        return by_latency(p, count);
    case PICK_PRIORITY:
        return nth_of(p, 0);
    default:
        return by_score(p);
    }
}

static const char *const names[PICK_BYS] = {
    [PICK_ROUND_ROBIN] = "round_robin", [PICK_WEIGHTED] = "weighted",
    [PICK_LEAST_BUSY] = "least_busy",   [PICK_LATENCY] = "latency",
    [PICK_HEADROOM] = "headroom",       [PICK_HASH] = "hash",
    [PICK_PRIORITY] = "priority",       [PICK_COST] = "cost"};

const char *pick_name(enum pick_by by)
{
    return names[by];
}

enum pick_by pick_of(const char *name)
{
    int by = 0;
    while (by < PICK_BYS && strcmp(name, names[by]) != 0)
        by++;
    return (enum pick_by)by;
}
