/*
** test_spoken.c -- words are no more than tokens, and bytes no fewer.
*/
#include "unit.h"

#include "wire/dialect.h"
#include "wire/json.h"

static struct spoken counted;

/* Add each of these JSON strings, with words counted; their words. */
static int64_t words(const char *const *strings)
{
    counted = (struct spoken){.most = 1000000};
    for (; *strings != NULL; strings++)
        spoken_add(&counted, str_of(*strings));
    return counted.words;
}

#define WORDS(...) words((const char *const[]){__VA_ARGS__, NULL})

static void words_are_what_white_space_parts(void)
{
    CHECK_INT(WORDS("\"\""), 0);
    CHECK_INT(WORDS("\"  \""), 0);
    CHECK_INT(WORDS("\"one\""), 1);
    CHECK_INT(WORDS("\" one, two.three\""), 2);
    CHECK_INT(WORDS("\"\xe6\x9c\x88 \xe6\x98\x8e\""), 2);
}

static void a_word_goes_on_in_the_next_piece(void)
{
    CHECK_INT(WORDS("\"on\"", "\"e\"", "\" t\"", "\"wo\"", "\" \""), 2);
    CHECK_INT(WORDS("\"one \"", "\" \"", "\"two\""), 2);
}

static void an_escape_is_the_character_it_stands_for(void)
{
    CHECK_INT(WORDS("\"one\\ntwo\\tthree\\r\\nfour\""), 4);
    CHECK_INT(WORDS("\"\\u0061\\u0062\\u6708\""), 1);
    CHECK_INT(WORDS("\"a\\u0020b\\u000Ac\""), 3);
    CHECK_INT(WORDS("\"say \\\"so\\\" \\\\\""), 3);
}

static void a_word_longer_than_any_token_is_more_than_one(void)
{
    char text[1024] = "\"";
    for (int i = 1; i <= 1000; i++)
        text[i] = 'x';
    text[1001] = '"';
    int64_t n = WORDS(text);
    CHECK(n > 5 && n <= 1 + 1000 / SPOKEN_LONGEST);
    CHECK_INT(counted.bytes, 1000);
}

static void it_is_over_when_more_words_were_said_than_may_be(void)
{
    struct spoken s = {.most = 2};
    spoken_add(&s, STR("\"one two\""));
    CHECK(!spoken_over(&s));
    spoken_add(&s, STR("\" three\""));
    CHECK(spoken_over(&s));
    s = (struct spoken){0};
    spoken_add(&s, STR("\"one two three\""));
    CHECK(!spoken_over(&s));
    CHECK_INT(s.bytes, 13);
}

/* --- events ----------------------------------------------------------------- */

/* What an event with this delta says, in bytes. */
static int64_t bytes_of(const char *delta)
{
    char z[512];
    struct tap tap = {.spoken.most = 100};
    struct sse_event e;
    snprintf(z, sizeof z, "data: {\"choices\":[{\"delta\":%s}]}\n\n", delta);
    str rest = str_of(z);
    CHECK(sse_next(&rest, &e));
    CHECK_INT(dialect_openai.event(&tap, &e, false), EVENT_RELAY);
    return tap.spoken.bytes;
}

static void all_that_a_delta_says_counts_and_what_frames_it_does_not(void)
{
    CHECK_INT(bytes_of("{\"role\":\"assistant\",\"content\":\"\"}"), 0);
    CHECK_INT(bytes_of("{\"content\":\"moon\",\"refusal\":null}"), 4);
    CHECK_INT(bytes_of("{\"refusal\":\"no\"}"), 2);
    CHECK_INT(bytes_of("{\"reasoning\":\"hm\"}"), 2);
    CHECK_INT(bytes_of("{\"reasoning\":\"hm\",\"reasoning_content\":\"hm\","
                       "\"reasoning_details\":[{\"text\":\"hm\"}]}"),
              2);
    CHECK(bytes_of("{\"reasoning_details\":[{\"text\":\"hm\"}]}") > 2);
    CHECK(bytes_of("{\"content\":[{\"type\":\"text\",\"text\":\"a\"}]}") > 1);
    CHECK(bytes_of("{\"audio\":{\"data\":\"AAAA\"}}") > 4);
    CHECK(bytes_of("{\"news\":\"a\"}") > 0);
}

static void tool_calls_count_by_what_the_model_wrote(void)
{
    CHECK_INT(bytes_of("{\"tool_calls\":[{\"index\":0,\"id\":\"call_1\","
                       "\"type\":\"function\",\"function\":{\"name\":\"f\","
                       "\"arguments\":\"{}\"}}]}"),
              3 + 4);
    CHECK_INT(bytes_of("{\"function_call\":{\"name\":\"f\"}}"), 3);
}

TESTS(words_are_what_white_space_parts, a_word_goes_on_in_the_next_piece,
      an_escape_is_the_character_it_stands_for,
      a_word_longer_than_any_token_is_more_than_one,
      it_is_over_when_more_words_were_said_than_may_be,
      all_that_a_delta_says_counts_and_what_frames_it_does_not,
      tool_calls_count_by_what_the_model_wrote)
