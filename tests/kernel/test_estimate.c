/*
** test_estimate.c -- what estimating tokens promises.
*/
#include "unit.h"

#include "kernel/estimate.h"

/* Counted by o200k, cl100k, Llama 3's and Claude 2's tokenizers; the mean. */
static const struct {
    const char *text;
    int mean;
} samples[] = {
    {"The pilot asked how far it is to the near side of the moon, and nobody "
     "answered at once, for it depends on the day.",
     27},
    {"static int put(struct ranks *r, uint32_t rank)\n{\n    return rank < "
     "r->n ? 0 : ERR_INPUT;\n}\n",
     34},
    {"{\"role\": \"user\", \"content\": [{\"type\": \"text\"}]}", 17},
};

static void it_is_near_the_mean_of_four_tokenizers(void)
{
    for (size_t i = 0; i < sizeof samples / sizeof samples[0]; i++) {
        int64_t n = estimate_tokens(str_of(samples[i].text));
        CHECK(n * 100 >= samples[i].mean * 80);
        CHECK(n * 100 <= samples[i].mean * 120);
    }
}

static void nothing_is_no_token_and_anything_one(void)
{
    CHECK_INT(estimate_tokens(STR("")), 0);
    CHECK_INT(estimate_tokens(STR("a")), 1);
    CHECK_INT(estimate_tokens(STR(" ")), 1);
    CHECK_INT(estimate_tokens(STR("\0")), 1);
    CHECK(estimate_tokens(STR("\xff\xfe")) > 0);
}

static void other_scripts_cost_more_than_their_letters_would(void)
{
    CHECK(estimate_tokens(STR("\xe6\x9c\x88\xe7\x90\x83")) >= 2); /* Han */
    CHECK(estimate_tokens(STR("\xf0\x9f\x8c\x99")) >= 2);         /* a moon */
    CHECK(estimate_tokens(STR("\xd0\xbb\xd1\x83\xd0\xbd\xd0\xb0")) >= 2);
}

static void more_text_is_never_fewer_tokens(void)
{
    static const char text[] = "It's 2024: XMLHttpRequest (\xe6\x9c\x88) ...\n"
                               "    return 0x1f;  \xf0\x9f\x8c\x99";
    int64_t before = 0;
    for (size_t n = 0; n < sizeof text; n++) {
        int64_t now = estimate_tokens((str){text, n});
        CHECK(now + 2 >= before);
        before = now;
    }
}

TESTS(it_is_near_the_mean_of_four_tokenizers,
      nothing_is_no_token_and_anything_one,
      other_scripts_cost_more_than_their_letters_would,
      more_text_is_never_fewer_tokens)
