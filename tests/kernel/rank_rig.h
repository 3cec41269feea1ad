/*
** rank_rig.h -- rank files small enough to be made here.
**
** The tokens are the single bytes and pieces of a text, in an order that dice
** choose: a vocabulary that no training would make, in which ranks rise and fall
** as tokens grow and some tokens can never be merged to. Counting must be right
** in it, too.
*/
#ifndef TESTS_KERNEL_RANK_RIG_H
#define TESTS_KERNEL_RANK_RIG_H

#include "base/buf.h"
#include "kernel/tokens/ranks.h"

static inline uint32_t rig_dice(uint64_t *seed)
{
    *seed = *seed * 6364136223846793005u + 1442695040888963407u;
    return (uint32_t)(*seed >> 33);
}

static inline void rig_base64(struct buf *to, str s)
{
    static const char digits[] = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrs"
                                 "tuvwxyz0123456789+/";
    for (size_t i = 0; i < s.n; i += 3) {
        unsigned group = 0;
        for (size_t k = 0; k < 3; k++)
            group = group << 8 | (i + k < s.n ? (unsigned char)s.p[i + k] : 0);
        for (int k = 0; k < 4; k++)
            buf_byte(to, i + (size_t)k > s.n
                             ? '='
                             : digits[group >> (18 - 6 * k) & 63]);
    }
}

static inline void rig_line(struct buf *to, str token, int rank)
{
    rig_base64(to, token);
    buf_print(to, " %d\n", rank);
}

/* The single bytes: the first 256 lines of a rank file. */
static inline int rig_bytes(struct buf *to)
{
    for (int c = 0; c < 256; c++)
        rig_line(to, (str){&(char){(char)c}, 1}, c);
    return 256;
}

/* A rank file of up to `most` pieces of two to `longest` bytes of `sample`. */
static inline void rig_ranks(struct buf *to, str sample, int most,
                             size_t longest, uint64_t seed)
{
    str seen[2048];
    int n = 0, rank = rig_bytes(to);
    for (int i = 0; i < most * 4 && n < most && n < 2048; i++) {
        size_t len = 2 + rig_dice(&seed) % (longest - 1);
        if (len > sample.n)
            continue;
        str token = {sample.p + rig_dice(&seed) % (sample.n - len + 1), len};
        int k = 0;
        while (k < n && !str_eq(seen[k], token))
            k++;
        if (k < n)
            continue;
        seen[n++] = token;
        rig_line(to, token, rank++);
    }
}

#endif
