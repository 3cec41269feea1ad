/*
** tokens.c -- piece after piece.
**
** Texts say the same short words again and again. So that these need not be
** looked up in a vocabulary of megabytes each time, a longer text has a memo: a
** few kilobytes that fit next to the processor, for pieces of up to fifteen bytes.
*/
#include "kernel/tokens/tokens.h"

#include "base/eight.h"
#include "base/mem.h"

#define LOOK_EVERY 16384 /* bytes */
#define MEMO_BITS  11
#define MEMO_SIZE  (1 << MEMO_BITS)
#define MEMO_WORTH 4096 /* bytes of a text */

struct memo {
    struct piece {
        uint64_t begin, rest; /* up to fifteen bytes, their number on top */
    } piece[MEMO_SIZE];       /* rest is 0 where there is none */
    uint8_t tokens[MEMO_SIZE];
};

/* The lowest n bytes of eight. */
static uint64_t few(const char *p, size_t n)
{
    uint64_t all = eight_in_order(p);
    return n < 8 ? all & ((UINT64_C(1) << 8 * n) - 1) : all;
}

static int remembered(struct bpe *b, struct memo *memo, str piece)
{
    size_t n = piece.n;
    uint64_t begin = few(piece.p, n < 8 ? n : 8);
    uint64_t rest = (n > 8 ? few(piece.p + 8, n - 8) : 0) | (uint64_t)n << 56;
    size_t at = (begin ^ rest * 31) * 0x9e3779b97f4a7c15u >> (64 - MEMO_BITS);
    if (memo->piece[at].begin == begin && memo->piece[at].rest == rest) {
        b->n += memo->tokens[at];
        return 0;
    }
    int64_t before = b->n;
    int error = bpe_piece(b, piece);
    memo->piece[at] = (struct piece){begin, rest};
    memo->tokens[at] = (uint8_t)(b->n - before);
    return error;
}

static int count(struct bpe *b, enum split split, str text, struct memo *memo)
{
    size_t looked = text.n;
    while (text.n > 0) {
        size_t n = split_first(split, text);
        bool few = memo != NULL && n < 16 && text.n >= 16;
        int error = few ? remembered(b, memo, (str){text.p, n})
                        : bpe_piece(b, (str){text.p, n});
        if (error != 0)
            return error;
        text = str_from(text, n);
        if (looked - text.n >= LOOK_EVERY && b->look != NULL) {
            looked = text.n;
            b->look(b->user);
        }
    }
    return 0;
}

int tokens_count(struct bpe *b, enum split split, str text)
{
    MEM_UNSET struct memo memo;
    if (text.n < MEMO_WORTH || b->ids != NULL)
        return count(b, split, text, NULL);
    memset(memo.piece, 0, sizeof memo.piece);
    return count(b, split, text, &memo);
}
