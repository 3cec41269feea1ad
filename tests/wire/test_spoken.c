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

/* Many at a time, and one at a time, from every place in a long word. */
static void pieces_of_any_length_come_to_the_same(void)
{
    char text[700] = "\"";
    for (int i = 1; i <= 600; i++)
        text[i] = i < 300 || i * 7 % 11 % 3 != 0 ? 'x' : ' ';
    memcpy(text + 601, "\\n\\\\", 4);
    for (int n = 1; n < 604; n += n == 600 ? 4 : 1) {
        struct spoken all = {.most = 1}, each = {.most = 1};
        text[n + 1] = '"';
        spoken_add(&all, (str){text, (size_t)n + 2});
        text[n + 1] =
            n < 300 || n >= 600 || (n + 1) * 7 % 11 % 3 != 0 ? 'x' : ' ';
        for (int i = 1; i <= n; i++)
            spoken_words(&each, (str){text + i, 1});
        CHECK_INT(all.words, each.words);
        CHECK_INT(all.inside, each.inside);
    }
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

static void a_message_beside_the_pieces_counts_nothing_twice(void)
{
    CHECK_INT(bytes_of("{\"content\":\"moon\"},\"message\":{\"content\":"
                       "\"the moon\"}"),
              4);
    struct tap tap = {0};
    CHECK_INT(dialect_openai.whole(
                  &tap, STR("{\"choices\":[{\"message\":{\"content\":\"ab\"}},"
                            "{\"message\":{\"content\":\"cde\"}}]}")),
              EVENT_RELAY);
    CHECK_INT(tap.spoken.bytes, 5);
}

/* Sounds, pictures and news of the service's own are no words of the model. */
static void what_is_not_surely_the_models_is_no_word(void)
{
    struct tap tap = {.spoken.most = 3};
    struct sse_event e;
    str rest =
        STR("data: {\"choices\":[{\"delta\":{\"audio\":{\"data\":\"A B C "
            "D E F\"},\"citation\":\"one two three four five\"}}]}\n\n");
    CHECK(sse_next(&rest, &e));
    dialect_openai.event(&tap, &e, false);
    CHECK_INT(tap.spoken.words, 0);
    CHECK(tap.spoken.bytes > 30);
}

static void code_is_a_word_for_each_length_of_a_token(void)
{
    struct spoken s = {.most = 100};
    char code[100];
    memset(code, '{', sizeof code);
    for (int i = 0; i < 10; i++)
        spoken_add_code(&s, (str){code, sizeof code});
    CHECK_INT(s.words, 1000 / SPOKEN_LONGEST);
    CHECK_INT(s.bytes, 1000);
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
      pieces_of_any_length_come_to_the_same,
      it_is_over_when_more_words_were_said_than_may_be,
      all_that_a_delta_says_counts_and_what_frames_it_does_not,
      a_message_beside_the_pieces_counts_nothing_twice,
      what_is_not_surely_the_models_is_no_word,
      code_is_a_word_for_each_length_of_a_token,
      tool_calls_count_by_what_the_model_wrote)
