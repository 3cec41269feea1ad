/*
** bpe.h -- how many tokens a piece of text is, exactly.
**
** Most pieces are a token and found at once. Of others the bytes are merged,
** pair by pair, lowest rank first. A long piece is merged in windows:
**
**     |--------- first ---------|
**     [tok][tok][tok][tok][t|..      cut where a token ends, go on from there
**                    |--------- second ---------|
**                    [tok][tok][...
**
** A cut is right if the token before it and the one after it, joined and merged
** by themselves, stay these two: then no merge of the whole piece crosses it.
** (Take the first that would. Until then all merges have been within tokens, so
** the two looked as they look by themselves, where it does not happen.) A cut
** that is not right is made a token earlier. So time is linear in the length of
** the piece and memory does not depend on it.
*/
#ifndef KERNEL_TOKENS_BPE_H
#define KERNEL_TOKENS_BPE_H

#include "kernel/tokens/ranks.h"

struct bpe {
    const struct ranks *ranks;
    bool (*look)(void *user); /* now and then; false: give up. Or NULL */
    void *user;
    uint32_t *ids; /* where the tokens go; NULL: they are only counted */
    size_t ids_max;
    int64_t n;      /* tokens so far; those above ids_max are not kept */
    uint64_t steps; /* of merging so far: bytes joined and ranks looked at */
};

/* Count a piece. 0; ERR_LIMIT when it was given up; ERR_MEMORY when a long one
** needed some. */
int bpe_piece(struct bpe *b, str piece);

#endif
