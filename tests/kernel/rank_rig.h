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

/* A rank file behind its single bytes. The tokens stay the caller's. */
struct rig {
    struct buf *to;
    int n, rank;
    str seen[2048];
};

/* One token more, of two bytes at least, unless it is there. */
static inline void rig_token(struct rig *g, str token)
{
    for (int i = 0; i < g->n; i++)
        if (str_eq(g->seen[i], token))
            return;
    g->seen[g->n++] = token;
    rig_line(g->to, token, g->rank++);
}

/* The letters of three bytes of `sample`, as training makes them: of two. */
static inline void rig_letters(struct rig *g, str sample)
{
    for (size_t i = 0; i + 3 <= sample.n; i++) {
        if ((sample.p[i] & 0xf0) != 0xe0)
            continue;
        rig_token(g, (str){sample.p + i, 2});
        rig_token(g, (str){sample.p + i, 3});
    }
}

/* Up to `most` more, pieces of two to `longest` bytes of `sample`. */
static inline void rig_pieces(struct rig *g, str sample, int most,
                              size_t longest, uint64_t seed)
{
    int end = g->n + most < 2048 ? g->n + most : 2048;
    for (int i = 0; i < most * 4 && g->n < end; i++) {
        size_t len = 2 + rig_dice(&seed) % (longest - 1);
        if (len > sample.n)
            continue;
        size_t at = rig_dice(&seed) % (sample.n - len + 1);
        rig_token(g, (str){sample.p + at, len});
    }
}

/* A rank file of up to `most` such pieces. */
static inline void rig_ranks(struct buf *to, str sample, int most,
                             size_t longest, uint64_t seed)
{
    struct rig g = {.to = to, .rank = rig_bytes(to)};
    rig_pieces(&g, sample, most, longest, seed);
}

#endif
