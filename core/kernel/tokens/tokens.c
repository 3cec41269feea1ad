/*
** tokens.c -- piece after piece.
**
** Texts say the same short words again and again. So that these need not be
** looked up in a vocabulary of megabytes each time, a longer text has a memo: a
** few kilobytes that fit next to the processor, for pieces of up to fifteen bytes.
*/
#include "kernel/tokens/tokens.h"

#include "base/eight.h"
#include "base/err.h"
#include "base/mem.h"
#include "kernel/estimate.h"

#define LOOK_EVERY  16384 /* bytes */
#define GUESS_EVERY (1 << 18)
#define MEMO_BITS   11
#define MEMO_SIZE   (1 << MEMO_BITS)
#define MEMO_WORTH  4096 /* bytes of a text */

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

static int pieces(struct bpe *b, enum split split, str text, struct memo *memo)
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
        if (looked - text.n < LOOK_EVERY || b->look == NULL)
            continue;
        looked = text.n;
        if (!b->look(b->user))
            return ERR_LIMIT;
    }
    return 0;
}

int tokens_split(struct bpe *b, enum split split, str text)
{
    MEM_UNSET struct memo memo;
    if (text.n < MEMO_WORTH || b->ids != NULL)
        return pieces(b, split, text, NULL);
    memset(memo.piece, 0, sizeof memo.piece);
    return pieces(b, split, text, &memo);
}

/* --- which models --------------------------------------------------------------- */

static const struct family {
    const char *begin; /* of the model's name */
    bool whole;        /* it ends there, or goes on behind a hyphen */
    enum encoding_name encoding;
} families[] = {
    {"gpt-4o", false, ENCODING_O200K},
    {"gpt-4.1", false, ENCODING_O200K},
    {"gpt-4.5", false, ENCODING_O200K},
    {"gpt-5", false, ENCODING_O200K},
    {"gpt-oss", false, ENCODING_O200K},
    {"chatgpt-4o", false, ENCODING_O200K},
    {"codex-mini", false, ENCODING_O200K},
    {"computer-use-preview", false, ENCODING_O200K},
    {"o1", true, ENCODING_O200K},
    {"o3", true, ENCODING_O200K},
    {"o4", true, ENCODING_O200K},
    {"gpt-4", true, ENCODING_CL100K},
    {"gpt-3.5", false, ENCODING_CL100K},
    {"gpt-35", false, ENCODING_CL100K}, /* as Azure calls it */
    {"text-embedding-3", false, ENCODING_CL100K},
    {"text-embedding-ada-002", false, ENCODING_CL100K},
};

static bool is_of(const struct family *f, str model)
{
    str begin = str_of(f->begin);
    return str_starts(model, begin) &&
           (!f->whole || model.n == begin.n || model.p[begin.n] == '-');
}

enum encoding_name tokens_encoding(str model)
{
    for (size_t at = 0; (at = str_find(model, '/')) < model.n;)
        model = str_from(model, at + 1);
    if (str_starts(model, STR("ft:")))
        model = str_from(model, 3);
    for (size_t i = 0; i < sizeof families / sizeof families[0]; i++)
        if (is_of(&families[i], model))
            return families[i].encoding;
    return ENCODING_NONE;
}

/* --- counting ------------------------------------------------------------------- */

/* In slices, so that it can be given up. */
static void guess(struct tokens *t, str text)
{
    t->guessed = true;
    while (text.n > 0 && t->error == 0) {
        size_t n = text.n < GUESS_EVERY ? text.n : GUESS_EVERY;
        t->n += estimate_tokens((str){text.p, n});
        text = str_from(text, n);
        if (t->look != NULL && !t->look(t->user))
            t->error = ERR_LIMIT;
    }
}

void tokens_add(struct tokens *t, str text)
{
    struct bpe b = {.look = t->look, .user = t->user};
    if (t->encoding == NULL) {
        guess(t, text);
        return;
    }
    if (t->error != 0)
        return;
    b.ranks = &t->encoding->ranks;
    t->error = tokens_split(&b, t->encoding->split, text);
    t->n += b.n;
}
