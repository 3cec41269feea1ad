/*
** test_tokens.c -- what counting the tokens of a text promises.
*/
#include "unit.h"

#include "base/err.h"
#include "kernel/estimate.h"
#include "kernel/rank_rig.h"
#include "kernel/tokens/tokens.h"

static const char prose[] =
    "The pilot asked how far it is to the near side of the moon, and nobody's "
    "answer came at once: 384400 km, 356500 or 406700, it DEPENDS on the day. "
    "\xe6\x9c\x88\xe7\x90\x83\xe8\x83\x8c\xe9\x9d\xa2 \xf0\x9f\x8c\x99\n";

static struct encoding prose_encoding(enum split split)
{
    struct buf file;
    struct encoding e = {.split = split};
    buf_init(&file, 1 << 20);
    rig_ranks(&file, str_of(prose), 400, 8, 7);
    CHECK_INT(ranks_read(&e.ranks, buf_str(&file)), 0);
    buf_fini(&file);
    return e;
}

/* A text in which pieces come again, and so does what differs little. */
static str long_text(struct buf *b, size_t n)
{
    uint64_t seed = 5;
    buf_init(b, n + sizeof prose);
    while (b->n < n) {
        size_t at = rig_dice(&seed) % (sizeof prose - 1);
        size_t len = rig_dice(&seed) % (sizeof prose - at);
        buf_add(b, (str){prose + at, len});
    }
    return buf_str(b);
}

static void the_count_is_the_number_of_ids(void)
{
    for (int how = SPLIT_CL100K; how <= SPLIT_O200K; how++) {
        struct buf text, again;
        struct encoding e = prose_encoding((enum split)how);
        str s = long_text(&text, 20000);
        uint32_t *ids = malloc(s.n * sizeof *ids);
        struct bpe b = {.ranks = &e.ranks, .ids = ids, .ids_max = s.n};
        struct bpe counted = {.ranks = &e.ranks};
        CHECK_INT(tokens_split(&b, e.split, s), 0);
        CHECK_INT(tokens_split(&counted, e.split, s), 0);
        CHECK_INT(counted.n, b.n);
        buf_init(&again, s.n);
        for (int64_t i = 0; i < b.n; i++)
            buf_add(&again, ranks_bytes(&e.ranks, ids[i]));
        CHECK(str_eq(buf_str(&again), s));
        free(ids);
        buf_fini(&text);
        buf_fini(&again);
        ranks_fini(&e.ranks);
    }
}

static bool two_looks(void *user)
{
    return ++*(int *)user < 2;
}

static void counting_can_be_given_up(void)
{
    struct buf text;
    int looks = 0;
    struct encoding e = prose_encoding(SPLIT_O200K);
    struct tokens t = {.encoding = &e, .look = two_looks, .user = &looks};
    tokens_add(&t, long_text(&text, 200000));
    CHECK_INT(t.error, ERR_LIMIT);
    CHECK_INT(looks, 2);
    CHECK(t.n > 0);
    buf_fini(&text);
    ranks_fini(&e.ranks);
}

static void without_an_encoding_it_is_estimated(void)
{
    struct tokens t = {0};
    tokens_add(&t, STR("how far is it?"));
    CHECK(t.guessed);
    CHECK_INT(t.error, 0);
    CHECK_INT(t.n, estimate_tokens(STR("how far is it?")));
}

static void an_estimate_of_much_can_be_given_up(void)
{
    struct buf text;
    int looks = 0;
    struct tokens t = {.look = two_looks, .user = &looks};
    tokens_add(&t, long_text(&text, 1 << 20));
    CHECK_INT(t.error, ERR_LIMIT);
    CHECK_INT(looks, 2);
    buf_fini(&text);
}

static void models_of_openai_have_an_encoding(void)
{
    static const char *const o200k[] = {"gpt-4o",
                                        "openai/gpt-4o-mini",
                                        "gpt-4.1-nano",
                                        "gpt-5",
                                        "gpt-5-mini",
                                        "o1",
                                        "o1-preview",
                                        "o3-mini",
                                        "o4-mini",
                                        "openrouter/openai/gpt-oss-20b",
                                        "chatgpt-4o-latest",
                                        "ft:gpt-4o-2024-08-06:acme::x"};
    static const char *const cl100k[] = {"gpt-4",
                                         "gpt-4-turbo",
                                         "gpt-4-0613",
                                         "gpt-3.5-turbo",
                                         "azure/gpt-35-turbo",
                                         "text-embedding-3-small",
                                         "text-embedding-ada-002",
                                         "ft:gpt-3.5-turbo:a"};
    for (size_t i = 0; i < sizeof o200k / sizeof *o200k; i++)
        CHECK_INT(tokens_encoding(str_of(o200k[i])), ENCODING_O200K);
    for (size_t i = 0; i < sizeof cl100k / sizeof *cl100k; i++)
        CHECK_INT(tokens_encoding(str_of(cl100k[i])), ENCODING_CL100K);
}

static void models_of_others_have_none(void)
{
    static const char *const others[] = {"",
                                         "claude-sonnet-4-5",
                                         "gemini-2.5-pro",
                                         "llama-3.1-8b",
                                         "o10",
                                         "o",
                                         "gpt-40",
                                         "gpt",
                                         "davinci-002",
                                         "openai/",
                                         "mistral/o1x"};
    for (size_t i = 0; i < sizeof others / sizeof *others; i++)
        CHECK_INT(tokens_encoding(str_of(others[i])), ENCODING_NONE);
}

TESTS(the_count_is_the_number_of_ids, counting_can_be_given_up,
      without_an_encoding_it_is_estimated, an_estimate_of_much_can_be_given_up,
      models_of_openai_have_an_encoding, models_of_others_have_none)
