/*
** test_prompt.c -- what counting a request's prompt promises.
**
** With the single bytes as the only tokens a text has as many as it has bytes, so
** that what messages and tools add can be read off.
*/
#include "unit.h"

#include "base/err.h"
#include "kernel/estimate.h"
#include "kernel/rank_rig.h"
#include "wire/prompt/prompt.h"

static struct tokens count_with(const char *json, str system, enum split split)
{
    struct buf file;
    struct encoding e = {.split = split};
    struct tokens t = {.encoding = &e};
    struct json_error error;
    buf_init(&file, 1 << 16);
    rig_bytes(&file);
    CHECK_INT(ranks_read(&e.ranks, buf_str(&file)), 0);
    CHECK(json_check(str_of(json), &error));
    struct json body = json_of(str_of(json));
    if (system.p == NULL)
        prompt_count(body, &t);
    else
        prompt_count_with(body, json_get(body, STR("messages")), system, &t);
    ranks_fini(&e.ranks);
    buf_fini(&file);
    t.encoding = NULL;
    return t;
}

static struct tokens count(const char *json)
{
    return count_with(json, STR_NONE, SPLIT_O200K);
}

static void a_message_costs_three_and_the_answer_three(void)
{
    struct tokens t =
        count("{\"messages\":[{\"role\":\"user\",\"content\":\"moon\"},"
              "{\"role\":\"assistant\",\"content\":\"sun\"}]}");
    CHECK_INT(t.n, 3 + 4 + 4 + 3 + 9 + 3 + 3);
    CHECK(!t.guessed);
    CHECK_INT(count("{\"messages\":[]}").n, 3);
}

static void a_name_costs_one_more(void)
{
    struct tokens t =
        count("{\"messages\":[{\"role\":\"user\",\"name\":\"ann\","
              "\"content\":\"moon\"}]}");
    CHECK_INT(t.n, 3 + 4 + 3 + 1 + 4 + 3);
    CHECK(!t.guessed);
}

static void texts_are_counted_as_they_are_meant(void)
{
    struct tokens t = count("{\"messages\":[{\"role\":\"user\",\"content\":"
                            "\"\\u0061\\n\\u00e9\"}]}");
    CHECK_INT(t.n, 3 + 4 + 4 + 3);
    t = count(
        "{\"messages\":[{\"role\":\"user\",\"content\":[{\"type\":\"text\","
        "\"text\":\"ab\"},{\"type\":\"text\",\"text\":\"c\\\"\"}]}]}");
    CHECK_INT(t.n, 3 + 4 + 4 + 3);
    CHECK(!t.guessed);
}

static void what_is_no_text_is_guessed(void)
{
    struct tokens t =
        count("{\"messages\":[{\"role\":\"user\",\"content\":[{\"type\":"
              "\"image_url\",\"image_url\":{\"url\":\"u\"}}]}]}");
    CHECK_INT(t.n, 3 + 4 + ESTIMATE_PART + 3);
    CHECK(t.guessed);
    t = count("{\"messages\":[{\"role\":\"assistant\",\"content\":null,"
              "\"tool_calls\":[{\"id\":\"c\",\"function\":{\"name\":\"look\","
              "\"arguments\":\"{}\"}}]}]}");
    CHECK_INT(t.n, 3 + 9 + 3 + 4 + 2 + 3);
    CHECK(t.guessed);
}

static void instructions_may_be_others(void)
{
    struct tokens t = count_with(
        "{\"messages\":[{\"role\":\"system\",\"content\":\"long, long\"},"
        "{\"role\":\"developer\",\"content\":\"long, long\"},"
        "{\"role\":\"user\",\"content\":\"moon\"}]}",
        STR("be brief"), SPLIT_O200K);
    CHECK_INT(t.n, 3 + 6 + 8 + 3 + 4 + 4 + 3);
}

#define TOOL                                                                 \
    "{\"messages\":[],\"tools\":[{\"type\":\"function\",\"function\":{"      \
    "\"name\":\"far\",\"description\":\"How far.\",\"parameters\":{"         \
    "\"properties\":{\"to\":{\"type\":\"string\",\"description\":\"What.\"," \
    "\"enum\":[\"moon\",\"sun\"]},\"in\":{\"type\":\"string\"}}}}}]}"

static void tools_are_counted_as_the_cookbook_does(void)
{
    /* far:How far | 3 | to: 3 - 3 + (3+4) + (3+3), to:string:What |
    ** in: 3, in:string: */
    int64_t n = 3 + 7 + 11 + 3 + (3 - 3 + 7 + 6 + 14) + (3 + 10) + 12;
    struct tokens t = count(TOOL);
    CHECK_INT(t.n, n);
    CHECK(t.guessed);
    CHECK_INT(count_with(TOOL, STR_NONE, SPLIT_CL100K).n, n + 3);
}

static void an_input_is_its_texts(void)
{
    CHECK_INT(count("{\"input\":\"moon\"}").n, 4);
    CHECK_INT(count("{\"input\":[\"moon\",\"sun\"]}").n, 7);
    CHECK_INT(count("{\"input\":[17,18,19]}").n, 3);
    CHECK_INT(count("{\"prompt\":\"moon\"}").n, 4);
    CHECK_INT(count("{}").n, 0);
}

/* Not all of it can be counted: then nothing is. */
static void a_message_is_counted_whole_or_not_at_all(void)
{
    struct tokens t = {.n = 5};
    CHECK(!prompt_message(json_of(STR("{\"role\":\"user\",\"content\":[{"
                                      "\"type\":\"image_url\"}]}")),
                          &t));
    CHECK(!prompt_message(json_of(STR("{\"role\":\"user\",\"news\":1}")), &t));
    CHECK_INT(t.n, 5);
}

static void what_makes_no_sense_hurts_nobody(void)
{
    static const char *const odd[] = {
        "{\"messages\":7}",
        "{\"messages\":[1,null,\"a\",[],{}]}",
        "{\"messages\":[{\"role\":5,\"content\":{},\"name\":[],"
        "\"tool_calls\":{}}]}",
        "{\"tools\":[1,{\"function\":{\"name\":5,\"parameters\":{"
        "\"properties\":"
        "{\"a\":1,\"b\":{\"enum\":5,\"type\":[]}}}}}],\"messages\":[]}",
        "[]",
        "\"text\""};
    for (size_t i = 0; i < sizeof odd / sizeof odd[0]; i++)
        CHECK_INT(count(odd[i]).error, 0);
}

static void without_memory_it_says_so(void)
{
    struct tokens t = {0};
    mem_fail_at(1, 1);
    prompt_count(json_of(STR("{\"prompt\":\"a\\n\"}")), &t);
    mem_fail_at(0, 0);
    CHECK_INT(t.error, ERR_MEMORY);
}

static int64_t expect(const char *body, int64_t max_tokens)
{
    return prompt_expect(json_of(str_of(body)), max_tokens);
}

static void an_answer_is_expected_as_long_as_it_may_be(void)
{
    CHECK_INT(expect("{}", 0), 1000);
    CHECK_INT(expect("{\"max_tokens\":7}", 0), 7);
    CHECK_INT(expect("{\"max_tokens\":7,\"n\":3}", 0), 21);
    CHECK_INT(expect("{\"max_tokens\":7,\"max_completion_tokens\":5}", 0), 5);
    CHECK_INT(expect("{\"max_tokens\":7}", 2), 2);
    CHECK_INT(expect("{\"max_tokens\":-7,\"n\":-1}", 0), 0);
    CHECK(expect("{\"max_tokens\":9223372036854775807,\"n\":"
                 "9223372036854775807}",
                 0) == (int64_t)1 << 60);
}

TESTS(an_answer_is_expected_as_long_as_it_may_be,
      a_message_costs_three_and_the_answer_three, a_name_costs_one_more,
      texts_are_counted_as_they_are_meant, what_is_no_text_is_guessed,
      instructions_may_be_others, tools_are_counted_as_the_cookbook_does,
      an_input_is_its_texts, a_message_is_counted_whole_or_not_at_all,
      what_makes_no_sense_hurts_nobody, without_memory_it_says_so)
