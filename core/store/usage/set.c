/*
** set.c -- chains in slots, at most one group for each slot on the whole.
*/
#include "store/usage/set.h"

#include "base/mem.h"
#include "base/siphash.h"

void usage_set_init(struct usage_set *set, const uint64_t dice[2])
{
    *set = (struct usage_set){.dice = {dice[0], dice[1]}};
    set->last = &set->first;
}

void usage_set_fini(struct usage_set *set)
{
    for (struct usage_group *g = set->first, *next; g != NULL; g = next) {
        next = g->next;
        mem_free(g);
    }
    mem_free(set->slots);
    usage_set_init(set, set->dice);
}

static struct usage_group **slot_of(const struct usage_set *set, uint64_t hash)
{
    return &set->slots[hash & (set->slots_n - 1)];
}

static bool grow(struct usage_set *set)
{
    if (set->n < set->slots_n)
        return true;
    size_t n = set->slots_n > 0 ? set->slots_n * 2 : 16;
    struct usage_group **slots = mem_zero(n * sizeof(struct usage_group *));
    if (slots == NULL)
        return false;
    mem_free(set->slots);
    set->slots = slots;
    set->slots_n = n;
    for (struct usage_group *g = set->first; g != NULL; g = g->next) {
        struct usage_group **at = slot_of(set, g->hash);
        g->chain = *at;
        *at = g;
    }
    return true;
}

static struct usage_group *find(const struct usage_set *set, uint64_t hash,
                                int day, str packed)
{
    struct usage_group *g = set->slots_n > 0 ? *slot_of(set, hash) : NULL;
    while (g != NULL && (g->hash != hash || g->day != day ||
                         !str_eq(usage_group_names(g), packed)))
        g = g->chain;
    return g;
}

static struct usage_group *make(struct usage_set *set, uint64_t hash, int day,
                                str packed)
{
    if (!grow(set))
        return NULL;
    struct usage_group *g = mem_alloc(sizeof *g + packed.n);
    if (g == NULL)
        return NULL;
    *g = (struct usage_group){.hash = hash, .day = day, .packed_n = packed.n};
    memcpy(g->packed, packed.p, packed.n);
    struct usage_group **at = slot_of(set, hash);
    g->chain = *at;
    *at = g;
    *set->last = g;
    set->last = &g->next;
    set->n++;
    return g;
}

struct usage_group *usage_set_add(struct usage_set *set, int day, str packed,
                                  const struct usage_sums *sums, size_t most)
{
    uint64_t hash = siphash(set->dice, packed) + (uint64_t)day;
    struct usage_group *g = find(set, hash, day, packed);
    if (g == NULL && set->n < most)
        g = make(set, hash, day, packed);
    if (g != NULL)
        usage_sums_add(&g->sums, sums);
    return g;
}
