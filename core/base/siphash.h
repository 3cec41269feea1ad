/*
** siphash.h -- 64 bits that say nothing of the text they were made of to
** whoever does not hold the key (SipHash-2-4, Aumasson and Bernstein).
**
** To tell secrets apart without keeping them: not for signatures.
*/
#ifndef BASE_SIPHASH_H
#define BASE_SIPHASH_H

#include "base/str.h"

/* The hash of a text under a key. */
uint64_t siphash(const uint64_t key[2], str text);

#endif
