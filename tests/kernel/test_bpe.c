/*
** test_bpe.c -- what counting the tokens of a piece promises.
*/
#include "unit.h"

#include "base/err.h"
#include "kernel/rank_rig.h"
#include "kernel/slow_tokens.h"

static struct ranks ranks_of(str sample, int most, size_t longest,
                             uint64_t seed)
{
    struct buf file;
    struct ranks r;
    buf_init(&file, 1 << 20);
    rig_ranks(&file, sample, most, longest, seed);
    CHECK_INT(ranks_read(&r, buf_str(&file)), 0);
    buf_fini(&file);
    return r;
}

static struct ranks prose_ranks(void)
{
    return ranks_of(STR("the moon is nearer than the sun and further than "
                        "the sea; nobody knows another number for it"),
                    300, 7, 5);
}

static str random_piece(char *to, size_t n, const char *of, uint64_t *seed)
{
    for (size_t i = 0; i < n; i++)
        to[i] = of[rig_dice(seed) % strlen(of)];
    return (str){to, n};
}

static void a_piece_that_is_a_token_counts_one(void)
{
    struct ranks r = prose_ranks();
    struct bpe b = {.ranks = &r};
    for (uint32_t i = 0; i < r.n; i++)
        CHECK_INT(bpe_piece(&b, ranks_bytes(&r, i)), 0);
    CHECK_INT(b.n, r.n);
    ranks_fini(&r);
}

static void short_pieces_are_merged_lowest_rank_first(void)
{
    struct ranks r = prose_ranks();
    uint64_t seed = 3;
    char text[64];
    int wrong = 0;
    for (int i = 0; i < 20000; i++)
        wrong += !slow_agrees(&r, random_piece(text, 1 + rig_dice(&seed) % 60,
                                               "thenmoisu ", &seed));
    CHECK_INT(wrong, 0);
    ranks_fini(&r);
}

/* Cuts are where it could go wrong. Few letters, many tokens of them: what is
** merged depends on what stands far away. */
static void long_pieces_are_merged_as_if_in_one(void)
{
    static char sample[400], text[SLOW_MOST];
    uint64_t seed = 17;
    int wrong = 0;
    for (int i = 0; i < 60; i++) {
        const char *of = i % 3 == 0 ? "ab" : i % 3 == 1 ? "abc" : "thenmoisu";
        struct ranks r = ranks_of(random_piece(sample, 400, of, &seed),
                                  40 + i * 6, 2 + (size_t)i % 9, seed);
        size_t n = 200 + rig_dice(&seed) % 1200;
        wrong += !slow_agrees(&r, random_piece(text, n, of, &seed));
        ranks_fini(&r);
    }
    CHECK_INT(wrong, 0);
}

/* Of 0 1 2 ... 255 every two neighbours are a token, the later the lower its
** rank: which pairs are made is decided at the end, over all of it. */
static struct ranks chain_ranks(void)
{
    struct buf file;
    struct ranks r;
    buf_init(&file, 1 << 20);
    int rank = rig_bytes(&file);
    for (int c = 254; c >= 0; c--)
        rig_line(&file, (str){(char[]){(char)c, (char)(c + 1)}, 2}, rank++);
    CHECK_INT(ranks_read(&r, buf_str(&file)), 0);
    buf_fini(&file);
    return r;
}

static str chain(char *to, size_t n)
{
    for (size_t i = 0; i < n; i++)
        to[i] = (char)(i % 511 % 256);
    return (str){to, n};
}

static void what_reaches_over_a_window_is_merged_in_larger_ones(void)
{
    static char text[SLOW_MOST];
    struct ranks r = chain_ranks();
    for (size_t n = 250; n < 5000; n += 97)
        CHECK(slow_agrees(&r, chain(text, n)));
    ranks_fini(&r);
}

static void larger_windows_without_memory_are_an_error(void)
{
    static char text[SLOW_MOST];
    struct ranks r = chain_ranks();
    struct bpe b = {.ranks = &r, .n = 5};
    str piece = chain(text, 3000);
    mem_fail_at(1, 1);
    CHECK_INT(bpe_piece(&b, piece), ERR_MEMORY);
    mem_fail_at(0, 0);
    CHECK_INT(b.n, 5);
    ranks_fini(&r);
}

static uint64_t steps_of(const struct ranks *r, size_t n, const char *of)
{
    uint64_t seed = 29;
    char *text = malloc(n);
    struct bpe b = {.ranks = r};
    CHECK_INT(bpe_piece(&b, random_piece(text, n, of, &seed)), 0);
    free(text);
    return b.steps;
}

static void twice_the_piece_is_twice_the_work(void)
{
    static char same[128];
    memset(same, 'a', sizeof same);
    static const char *const of[] = {"a", "ab", "thenmoisu"};
    struct ranks all[] = {ranks_of((str){same, 128}, 128, 128, 1),
                          ranks_of(STR("abbabaabbbaababbabbbbaa"), 40, 9, 2),
                          prose_ranks()};
    for (int i = 0; i < 3; i++) {
        uint64_t once = steps_of(&all[i], 1 << 18, of[i]);
        uint64_t twice = steps_of(&all[i], 1 << 19, of[i]);
        CHECK(once < (uint64_t)1000 << 18);
        CHECK(twice > once && twice < once * 21 / 10);
        ranks_fini(&all[i]);
    }
}

static bool three_looks(void *user)
{
    return ++*(int *)user < 3;
}

static void a_long_piece_can_be_given_up(void)
{
    static char text[1 << 16];
    struct ranks r = prose_ranks();
    uint64_t seed = 31;
    int looks = 0;
    struct bpe b = {.ranks = &r, .look = three_looks, .user = &looks};
    str piece = random_piece(text, 1 << 16, "theno", &seed);
    CHECK_INT(bpe_piece(&b, piece), ERR_LIMIT);
    CHECK_INT(looks, 3);
    CHECK_INT(b.n, 0);
    ranks_fini(&r);
}

static void ids_past_the_room_are_counted_only(void)
{
    struct ranks r = prose_ranks();
    uint32_t ids[3] = {0, 0, 77};
    struct bpe b = {.ranks = &r, .ids = ids, .ids_max = 2};
    CHECK_INT(bpe_piece(&b, STR("xyz")), 0);
    CHECK_INT(b.n, 3);
    CHECK_INT(ids[1], 'y');
    CHECK_INT(ids[2], 77);
    ranks_fini(&r);
}

TESTS(a_piece_that_is_a_token_counts_one,
      short_pieces_are_merged_lowest_rank_first,
      long_pieces_are_merged_as_if_in_one,
      what_reaches_over_a_window_is_merged_in_larger_ones,
      larger_windows_without_memory_are_an_error,
      twice_the_piece_is_twice_the_work, a_long_piece_can_be_given_up,
      ids_past_the_room_are_counted_only)
