/*
** taps.h -- was the same learnt of a reply?
*/
#ifndef TESTS_FUZZ_TAPS_H
#define TESTS_FUZZ_TAPS_H

#include "wire/dialect.h"

/* Field by field: what lies between them says nothing. */
static inline bool usages_agree(const struct usage *a, const struct usage *b)
{
    return a->prompt == b->prompt && a->completion == b->completion &&
           a->cached == b->cached && a->write == b->write &&
           a->reasoning == b->reasoning && a->known == b->known &&
           a->absurd == b->absurd && a->priced == b->priced &&
           a->cost == b->cost;
}

/* The mould is left out: it is how a tap saves work, not what it learnt. */
static inline bool taps_agree(const struct tap *a, const struct tap *b)
{
    return usages_agree(&a->usage, &b->usage) &&
           a->spoken.bytes == b->spoken.bytes &&
           strcmp(a->finish, b->finish) == 0 && a->first == b->first &&
           a->terminal == b->terminal && a->failed == b->failed;
}

#endif
