/*
** test_letters.c -- what making letters at once promises.
*/
#include "unit.h"

#include "kernel/rank_rig.h"
#include "kernel/slow_tokens.h"
#include "kernel/tokens/letters.h"

#define MOON "\xe6\x9c\x88"
#define BALL "\xe7\x90\x83"

/* The vocabulary of these tokens, in this order. */
static struct ranks ranks_of(const char *const *tokens)
{
    struct buf file;
    struct ranks r;
    buf_init(&file, 1 << 20);
    struct rig g = {.to = &file, .rank = rig_bytes(&file)};
    for (; *tokens != NULL; tokens++)
        rig_token(&g, str_of(*tokens));
    CHECK_INT(ranks_read(&r, buf_str(&file)), 0);
    buf_fini(&file);
    return r;
}

#define RANKS_OF(...) ranks_of((const char *const[]){__VA_ARGS__, NULL})

static void a_letter_is_made_at_once(void)
{
    struct ranks r = RANKS_OF("\xe6\x9c", MOON, "\x90\x83", BALL);
    CHECK(letters_whole(&r, STR(MOON), 0));
    CHECK(letters_whole(&r, STR("x" MOON), 1));
    CHECK(letters_whole(&r, STR(MOON BALL), 0));
    CHECK(letters_whole(&r, STR(MOON BALL), 3));
    CHECK(slow_agrees(&r, STR("x" MOON BALL MOON)));
    ranks_fini(&r);
}

static void what_is_no_whole_letter_is_not(void)
{
    struct ranks r = RANKS_OF("\xe6\x9c", MOON, "\xe6x", "\xe6x\x88");
    CHECK(!letters_whole(&r, STR("\xe6x\x88"), 0));
    CHECK(!letters_whole(&r, STR("x"), 0));
    CHECK(!letters_whole(&r, STR("\xe6"), 0));
    CHECK(!letters_whole(&r, STR("\xe6\x9c"), 0));
    CHECK(!letters_whole(&r, STR("\xe6\x9cx"), 0));
    CHECK(!letters_whole(&r, STR(MOON), 1));
    CHECK(!letters_whole(&r, STR(MOON "\x88"), 0));
    ranks_fini(&r);
}

static void a_letter_that_no_merges_make_is_not(void)
{
    struct ranks r = RANKS_OF("\xe6\x9c", BALL);
    CHECK(!letters_whole(&r, STR(MOON), 0));
    CHECK(!letters_whole(&r, STR(BALL), 0));
    CHECK(slow_agrees(&r, STR(MOON BALL)));
    ranks_fini(&r);
}

static void a_part_that_is_taken_before_tears_the_edge(void)
{
    struct ranks r = RANKS_OF("\xe6\x9c", " \xe6", MOON);
    CHECK(!letters_whole(&r, STR(" " MOON), 1));
    CHECK(letters_whole(&r, STR("x" MOON), 1));
    CHECK(slow_agrees(&r, STR(" " MOON)));
    ranks_fini(&r);
}

static void a_part_that_is_taken_behind_tears_the_edge(void)
{
    struct ranks r = RANKS_OF("\xe7\x90", BALL, "\x88" BALL, "\xe6\x9c", MOON);
    CHECK(!letters_whole(&r, STR(MOON BALL), 0));
    CHECK(!letters_whole(&r, STR(MOON BALL), 3));
    CHECK(letters_whole(&r, STR(MOON MOON), 0));
    CHECK(slow_agrees(&r, STR(MOON BALL)));
    ranks_fini(&r);
}

static void two_letters_tear_an_edge_only_with_a_lower_rank(void)
{
    struct ranks later = RANKS_OF("\xe6\x9c", MOON, MOON MOON);
    struct ranks sooner = RANKS_OF("\xe6\x9c", MOON MOON, MOON);
    CHECK(letters_whole(&later, STR(MOON MOON), 0));
    CHECK(!letters_whole(&sooner, STR(MOON MOON), 0));
    CHECK(!letters_whole(&sooner, STR(MOON MOON), 3));
    ranks_fini(&later);
    ranks_fini(&sooner);
}

/* --- beside the definition ------------------------------------------------------ */

#define SAMPLE 120

/* Letters by chance, with a comma here and there. */
static str random_sample(char *to, uint64_t *seed)
{
    for (size_t i = 0; i + 3 <= SAMPLE; i += 3) {
        to[i] = (char)(0xe0 + rig_dice(seed) % 16);
        to[i + 1] = (char)(0x80 + rig_dice(seed) % 4);
        to[i + 2] = (char)(0x80 + rig_dice(seed) % 16);
        if (rig_dice(seed) % 8 == 0)
            to[i--] = ',';
    }
    return (str){to, SAMPLE - 2};
}

/* Letters are made first, but for half of them what tears some even earlier. */
static struct ranks torn_ranks(str sample, int early, int late, uint64_t seed)
{
    struct buf file;
    struct ranks r;
    buf_init(&file, 1 << 20);
    struct rig g = {.to = &file, .rank = rig_bytes(&file)};
    rig_letters(&g, (str){sample.p, sample.n / 2});
    rig_pieces(&g, sample, early, 5, seed);
    rig_letters(&g, sample);
    rig_pieces(&g, sample, late, 9, seed + 1);
    CHECK_INT(ranks_read(&r, buf_str(&file)), 0);
    buf_fini(&file);
    return r;
}

/* Cut out of the sample and put together, not always where letters end. */
static str random_text(char *to, size_t n, str sample, uint64_t *seed)
{
    for (size_t i = 0; i < n;) {
        size_t at = rig_dice(seed) % (sample.n / 3) * 3;
        size_t len = 3 * (1 + rig_dice(seed) % 4);
        if (rig_dice(seed) % 8 == 0)
            len--;
        for (size_t k = at; k < at + len && k < sample.n && i < n; k++)
            to[i++] = sample.p[k];
    }
    return (str){to, n};
}

static int count_whole(const struct ranks *r, str text)
{
    int n = 0;
    for (size_t i = 0; i < text.n; i++)
        n += letters_whole(r, text, i);
    return n;
}

static void pieces_have_the_tokens_that_merging_byte_by_byte_gives(void)
{
    static char of[SAMPLE + 3], to[700];
    uint64_t seed = 11;
    int wrong = 0, whole = 0, begun = 0;
    for (int i = 0; i < 400; i++) {
        str sample = random_sample(of, &seed);
        struct ranks r = torn_ranks(sample, i % 4, i % 41, seed);
        for (int k = 0; k < 12; k++) {
            size_t n = k < 10 ? 1 + rig_dice(&seed) % 60 : sizeof to;
            str text = random_text(to, n, sample, &seed);
            wrong += !slow_agrees(&r, text);
            whole += count_whole(&r, text);
            begun += (int)n / 3;
        }
        ranks_fini(&r);
    }
    CHECK_INT(wrong, 0);
    CHECK(whole > begun / 6 && whole < begun / 2);
}

TESTS(a_letter_is_made_at_once, what_is_no_whole_letter_is_not,
      a_letter_that_no_merges_make_is_not,
      a_part_that_is_taken_before_tears_the_edge,
      a_part_that_is_taken_behind_tears_the_edge,
      two_letters_tear_an_edge_only_with_a_lower_rank,
      pieces_have_the_tokens_that_merging_byte_by_byte_gives)
