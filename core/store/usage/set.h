/*
** set.h -- groups and their counts, in memory, in the order they came.
**
** A hash table under dice, for names come from clients. Plain memory of its
** owner: no lock.
*/
#ifndef STORE_USAGE_SET_H
#define STORE_USAGE_SET_H

#include "store/usage/row.h"

struct usage_group {
    struct usage_group *next; /* the one that came after it */
    struct usage_sums sums;
    int day;
    unsigned proven;    /* see usage_fold */
    bool pending, done; /* of a book: in a batch; written */
    /* Private. */
    struct usage_group *chain;
    uint64_t hash;
    size_t packed_n;
    char packed[];
};

struct usage_set {
    struct usage_group *first, **last;
    size_t n;
    /* Private. */
    uint64_t dice[2];
    struct usage_group **slots; /* a power of two of them */
    size_t slots_n;
};

/* An empty set, with dice of the owner's; and free all that is in one. */
void usage_set_init(struct usage_set *set, const uint64_t dice[2]);
void usage_set_fini(struct usage_set *set);

/* The names of a group, as usage_pack has them. */
static inline str usage_group_names(const struct usage_group *g)
{
    return (str){g->packed, g->packed_n};
}

/* Add to a group, made if there are less than `most`. NULL: there are not, or no
** memory; then nothing has changed. */
struct usage_group *usage_set_add(struct usage_set *set, int day, str packed,
                                  const struct usage_sums *sums, size_t most);

#endif
