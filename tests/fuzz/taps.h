/*
** taps.h -- was the same learnt of a reply?
*/
#ifndef TESTS_FUZZ_TAPS_H
#define TESTS_FUZZ_TAPS_H

#include "wire/dialect.h"

/* The mould is left out: it is how a tap saves work, not what it learnt. */
static inline bool taps_agree(const struct tap *a, const struct tap *b)
{
    return memcmp(&a->usage, &b->usage, sizeof a->usage) == 0 &&
           strcmp(a->finish, b->finish) == 0 && a->first == b->first &&
           a->terminal == b->terminal && a->failed == b->failed;
}

#endif
