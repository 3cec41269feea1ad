/*
** test_usage.c -- whoever counts, each token is in one part and in no other.
*/
#include "unit.h"

#include <math.h>

#include "wire/usage.h"

static struct usage of(enum usage_form form, int64_t input, int64_t cached,
                       int64_t write)
{
    struct usage_told told = {.form = form,
                              .input = input,
                              .output = 500,
                              .cached = cached,
                              .write = write};
    return usage_of(&told);
}

static void openai_gemini_and_deepseek_count_cache_reads_within(void)
{
    struct usage u = of(USAGE_WITHIN, 2000, 1500, 0);
    CHECK(u.known);
    CHECK_INT(u.prompt, 2000);
    CHECK_INT(u.cached, 1500);
}

static void anthropic_and_bedrock_count_them_beside(void)
{
    struct usage u = of(USAGE_BESIDE, 100, 1500, 400);
    CHECK(u.known);
    CHECK_INT(u.prompt, 2000);
    CHECK_INT(u.cached, 1500);
    CHECK_INT(u.write, 400);
}

static void parts_never_exceed_their_whole(void)
{
    struct usage u = of(USAGE_WITHIN, 1000, 900, 900);
    CHECK_INT(u.cached, 900);
    CHECK_INT(u.write, 100);
    u = of(USAGE_WITHIN, 1000, 5000, 1);
    CHECK_INT(u.cached, 1000);
    CHECK_INT(u.write, 0);
    struct usage_told told = {.output = 10, .reasoning = 10};
    CHECK_INT(usage_of(&told).reasoning, 10);
    CHECK_INT(usage_of(&told).completion, 10);
}

/* The output that this comes to, of a prompt of 12. */
static int64_t output(int64_t said, int64_t thoughts, int64_t total)
{
    struct usage_told told = {
        .input = 12, .output = said, .reasoning = thoughts, .total = total};
    struct usage u = usage_of(&told);
    CHECK(u.known);
    CHECK_INT(u.reasoning, thoughts > 0 ? thoughts : 0);
    return u.completion;
}

static void thoughts_that_are_counted_beside_the_output_are_put_into_it(void)
{
    CHECK_INT(output(2, 317, 331), 319); /* xAI */
    CHECK_INT(output(198, 0, 615), 603); /* Gemini tells the total alone */
    CHECK_INT(output(0, 60, 0), 60);
    CHECK_INT(output(500, 317, 512), 500); /* OpenAI */
    CHECK_INT(output(500, 317, 0), 500);
    CHECK_INT(output(500, 317, 400), 500);
    CHECK_INT(output(500, 0, -1), 500);
    CHECK_INT(output(500, 0, INT64_MAX), 500);
}

static void a_part_that_is_no_count_is_left_out(void)
{
    struct usage u = of(USAGE_WITHIN, 1000, -5, -1);
    CHECK(u.known);
    CHECK_INT(u.cached + u.write, 0);
    u = of(USAGE_BESIDE, 1000, -5, INT64_MIN);
    CHECK_INT(u.prompt, 1000);
}

static void a_whole_that_is_no_count_is_no_usage(void)
{
    static const int64_t odd[] = {-1, INT64_MIN, INT64_MAX, USAGE_MOST + 1};
    for (size_t i = 0; i < sizeof odd / sizeof odd[0]; i++) {
        struct usage_told told = {.input = odd[i]};
        CHECK(!usage_of(&told).known && usage_of(&told).absurd);
        CHECK_INT(usage_of(&told).prompt, 0);
        told = (struct usage_told){.output = odd[i]};
        CHECK(!usage_of(&told).known);
        told = (struct usage_told){.reasoning = odd[i]};
        CHECK(usage_of(&told).known == (odd[i] < 0));
    }
    CHECK(of(USAGE_WITHIN, USAGE_MOST, 0, 0).known);
}

/* Nano-dollars that are heard of this cost of a thousand tokens; -1: none. */
static int64_t cost(double dollars)
{
    struct usage_told told = {
        .input = 600, .output = 400, .priced = true, .cost = dollars};
    struct usage u = usage_of(&told);
    CHECK(u.known);
    return u.priced ? u.cost : -1;
}

static void a_cost_is_heard_if_a_call_can_cost_so_much(void)
{
    CHECK_INT(cost(0.000342), 342000);
    CHECK_INT(cost(0.0000000001), 1);
    CHECK_INT(cost(0), 0);
    CHECK_INT(cost(19.5), 19500000000);
    CHECK_INT(cost(-0.01), -1);
    CHECK_INT(cost(21), -1);
    CHECK_INT(cost(1e300), -1);
    CHECK_INT(cost(HUGE_VAL), -1);
    CHECK_INT(cost(NAN), -1);
    struct usage_told silent = {.input = 5};
    CHECK(!usage_of(&silent).priced);
}

TESTS(openai_gemini_and_deepseek_count_cache_reads_within,
      anthropic_and_bedrock_count_them_beside, parts_never_exceed_their_whole,
      thoughts_that_are_counted_beside_the_output_are_put_into_it,
      a_part_that_is_no_count_is_left_out, a_whole_that_is_no_count_is_no_usage,
      a_cost_is_heard_if_a_call_can_cost_so_much)
