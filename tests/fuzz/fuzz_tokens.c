/*
** fuzz_tokens.c -- splitting a text and counting its tokens.
**
** The first byte chooses the expression and one of five small vocabularies, the
** rest is the text. Where it is split is what a slow matcher of the expressions
** says, each piece has the tokens that merging it pair by pair gives, and all of
** them together are the text again. So it is of one piece that is all of it, as
** no splitter would make it. The estimate is less than the bytes would allow.
*/
#include "fuzz.h"

#include "kernel/estimate.h"
#include "kernel/rank_rig.h"
#include "kernel/slow_tokens.h"

#define MOST 900 /* bytes; the slow readings are quadratic */

static struct ranks vocabularies[5];

/* Letters that are made at once, and some pieces that tear them. */
static void letters(struct ranks *r)
{
    static const str sample = {
        "\xe6\x9c\x88\xe7\x90\x83\xe8\x83\x8c\xe9\x9d\xa2, ", 14};
    struct buf file;
    buf_init(&file, 1 << 20);
    struct rig g = {.to = &file, .rank = rig_bytes(&file)};
    rig_letters(&g, sample);
    rig_pieces(&g, sample, 6, 7, 3);
    MUST(ranks_read(r, buf_str(&file)) == 0);
    buf_fini(&file);
}

static void setup(void)
{
    static const char *const samples[] = {
        "the moon is nearer than the sun; it's 384,400 km to the far side",
        "aaaaaaaaaaaaaaaabaaabbbaabababbbbaaaaaabaab",
        "  \n\n\t \r\n   //--==!!.",
        "\xe6\x9c\x88\xe7\x90\x83\xe6\x9c\x88\xf0\x9f\x8c\x99\xff\xfe\xcc\x81"};
    for (int i = 0; i < 4; i++) {
        struct buf file;
        buf_init(&file, 1 << 20);
        rig_ranks(&file, str_of(samples[i]), 300, 12, (uint64_t)i);
        MUST(ranks_read(&vocabularies[i], buf_str(&file)) == 0);
        buf_fini(&file);
    }
    letters(&vocabularies[4]);
}

static void text_is_counted(const struct ranks *r, enum split how, str text)
{
    struct bpe b = {.ranks = r}, whole = {.ranks = r};
    for (str rest = text; rest.n > 0;) {
        size_t n = split_first(how, rest);
        MUST(n > 0 && n <= rest.n && n == slow_split(how, rest));
        MUST(slow_agrees(r, (str){rest.p, n}));
        MUST(bpe_piece(&b, (str){rest.p, n}) == 0);
        rest = str_from(rest, n);
    }
    MUST(tokens_split(&whole, how, text) == 0);
    MUST(whole.n == b.n && whole.n <= (int64_t)text.n);
}

static void tokens(str in)
{
    if (in.n == 0 || in.n > MOST)
        return;
    char *exact = malloc(in.n); /* so that reading past it is seen */
    str text = {exact, in.n - 1};
    memcpy(exact, in.p + 1, in.n - 1);
    const struct ranks *r = &vocabularies[(in.p[0] >> 1 & 7) % 5];
    text_is_counted(r, in.p[0] & 1 ? SPLIT_O200K : SPLIT_CL100K, text);
    if (text.n > 0)
        MUST(slow_agrees(r, text));
    MUST(estimate_tokens(text) <= 3 * (int64_t)text.n);
    free(exact);
}

FUZZ_AFTER(setup, tokens)
