/*
** ranks.h -- the vocabulary of a byte-pair encoding: which bytes are a token.
**
** A token's number is its rank too: of two possible merges the one that makes
** the token of lower rank is done first. Read from a rank file, whose lines are
** the bytes in base64, a blank and the rank, in order of rank.
**
**     slots    hash -> 14 bits of the hash | 18 bits of the rank + 1
**     at       rank -> where its bytes begin (and the next one's, where they end)
**     bytes    of all tokens, one behind the other
**     pairs    two bytes -> rank, which is what merging begins with
**     torn     byte -> which of the sixteen that letters begin with; see letters.h
**
** 3.3 MiB for o200k_base, 1.7 MiB for cl100k_base. Read once, then never
** changed: any thread may look.
*/
#ifndef KERNEL_TOKENS_RANKS_H
#define KERNEL_TOKENS_RANKS_H

#include "base/str.h"

#define RANK_NONE     UINT32_MAX
#define RANKS_MOST    ((1u << 18) - 1) /* tokens */
#define RANKS_LONGEST 128              /* bytes of one */

struct ranks {
    uint32_t n;
    size_t longest; /* bytes of the longest */
    uint32_t *at, *slots, *pairs;
    size_t mask; /* slots less one */
    char *bytes;
    uint16_t torn[256];
};

/* Read a rank file. ERR_INPUT when it is none (every single byte must be a
** token), ERR_LIMIT when there are more or longer ones than fit, ERR_MEMORY;
** nothing is held then. */
int ranks_read(struct ranks *r, str file);
void ranks_fini(struct ranks *r);

/* The rank of the token that these bytes are; RANK_NONE when they are none. */
uint32_t ranks_find(const struct ranks *r, str bytes);

/* The same of the two bytes at p. */
static inline uint32_t ranks_pair(const struct ranks *r, const char *p)
{
    return r->pairs[(size_t)(unsigned char)p[0] << 8 | (unsigned char)p[1]];
}

/* The bytes of a token. */
static inline str ranks_bytes(const struct ranks *r, uint32_t rank)
{
    return (str){r->bytes + r->at[rank], r->at[rank + 1] - r->at[rank]};
}

#endif
