/*
** budget.c -- sums that stop at the top, and a ring of slots.
**
** Lines are reserved one after the other and given back when one refuses: under
** the caller's lock nobody sees the middle, and two lines of one tally see each
** other, which a check of all before the first would miss.
*/
#include "meter/budget.h"

#include <string.h>

#include "base/defence.h"

static int64_t add(int64_t a, int64_t b)
{
    int64_t sum;
    return __builtin_add_overflow(a, b, &sum) ? INT64_MAX : sum;
}

static int place(int64_t slot, int slots)
{
    return slots == 1 ? 0 : (int)((uint64_t)slot % (uint64_t)slots);
}

static int64_t sum(const int64_t *of, int slots)
{
    int64_t all = 0;
    for (int i = 0; i < slots; i++)
        all = add(all, of[i]);
    return all;
}

void tally_init(struct tally *t, const struct span *at)
{
    memset(t, 0, sizeof *t);
    t->newest = at->slot;
}

/* Forget the slots between the newest and the one it is now. */
static void roll(struct tally *t, const struct span *at)
{
    int64_t steps = at->slot - t->newest;
    for (int64_t i = 1; i <= steps && i <= at->slots; i++) {
        int gone = place(t->newest + i, at->slots);
        t->spent[gone] = t->reserved[gone] = 0;
    }
    t->newest = at->slot;
}

static void move_back(struct tally *t, const struct span *at)
{
    int64_t all = tally_used(t, at->slots);
    tally_init(t, at);
    t->spent[place(at->slot, at->slots)] = all;
}

bool tally_enter(struct tally *t, const struct span *at)
{
    if (at->slot >= t->newest) {
        roll(t, at);
        return false;
    }
    if (t->newest - at->slot <= at->ahead)
        return false;
    move_back(t, at);
    return true;
}

int64_t tally_spent(const struct tally *t, int slots)
{
    return sum(t->spent, slots);
}

int64_t tally_reserved(const struct tally *t, int slots)
{
    return sum(t->reserved, slots);
}

int64_t tally_used(const struct tally *t, int slots)
{
    return add(tally_spent(t, slots), tally_reserved(t, slots));
}

int64_t tally_left(const struct tally *t, int slots, int64_t limit)
{
    int64_t used = tally_used(t, slots);
    return limit > used ? limit - used : 0;
}

bool tally_holds(const struct tally *t, int slots, int64_t slot)
{
    return slot <= t->newest && slot > t->newest - slots;
}

void tally_settle(struct tally *t, int slots, int64_t slot,
                  const int64_t bound_actual[2])
{
    if (!tally_holds(t, slots, slot))
        return;
    int at = place(slot, slots);
    int64_t bound = bound_actual[0], held = t->reserved[at];
    t->reserved[at] = held > bound ? held - bound : 0;
    t->spent[at] = add(t->spent[at], bound_actual[1]);
}

static bool reserve(const struct budget_line *line)
{
    struct tally *t = line->tally;
    int64_t used = tally_used(t, line->slots);
    int64_t limit = line->limit > 0 ? line->limit : 0;
    if (line->amount < 0 || used > limit || line->amount > limit - used)
        return false;
    t->reserved[place(t->newest, line->slots)] += line->amount;
    return true;
}

static void give_back(const struct budget_line *line)
{
    struct tally *t = line->tally;
    t->reserved[place(t->newest, line->slots)] -= line->amount;
}

int budget_reserve(const struct budget_line *lines, int n)
{
    for (int i = 0; i < n; i++) {
        if (reserve(&lines[i]))
            continue;
        for (int j = i; DEFENCE(budget_all_or_none) && j-- > 0;)
            give_back(&lines[j]);
        return i;
    }
    return n;
}
