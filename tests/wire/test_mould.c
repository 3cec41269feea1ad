/*
** test_mould.c -- a mould accepts another string in its place, nothing else.
*/
#include "unit.h"

#include "wire/dialect.h"
#include "wire/mould.h"

#define EVENT(text) "data: {\"a\":1,\"content\":" text ",\"z\":[]}\n\n"

static struct mould cast_of(str event)
{
    struct mould m = {0};
    mould_cast(&m, event, (str){event.p + 23, 5});
    return m;
}

static struct mould cast(void)
{
    return cast_of(STR(EVENT("\"one\"")));
}

/* How much of `events` passes. */
static size_t passes(const char *events)
{
    struct mould m = cast();
    struct spoken said = {0};
    return mould_pass(&m, str_of(events), &said);
}

static bool fits(const char *event)
{
    size_t n = passes(event);
    CHECK(n == 0 || n == strlen(event));
    return n > 0;
}

static void another_string_fits(void)
{
    CHECK(fits(EVENT("\"two \\n \\u00e9\"")));
    CHECK(fits(EVENT("\"\xc3\xa9 \\ud83d\\ude00 \\\\\"")));
    CHECK(fits(EVENT("\"\"")));
}

static void many_pass_at_once_up_to_the_first_that_differs(void)
{
    static const char same[] = EVENT("\"a\"") EVENT("\"\"") EVENT("\"b\\\"\"");
    CHECK_INT(passes(same), sizeof same - 1);
    char text[400];
    snprintf(text, sizeof text, "%s: ping\n\n%s", same, same);
    CHECK_INT(passes(text), sizeof same - 1);
    for (size_t n = 0; n < sizeof same - 1; n++) { /* whole events only */
        struct mould m = cast();
        struct spoken said = {0};
        size_t one = sizeof EVENT("\"a\"") - 1, two = one * 2 - 1;
        CHECK_INT(mould_pass(&m, (str){same, n}, &said), n < one   ? 0
                                                         : n < two ? one
                                                                   : two);
    }
}

static void text_is_said_unless_all_strings_are_empty(void)
{
    struct mould m = cast();
    struct spoken said = {0};
    CHECK(mould_pass(&m, STR(EVENT("\"\"") EVENT("\"\"")), &said) > 0);
    CHECK_INT(said.bytes, 0);
    CHECK(mould_pass(&m, STR(EVENT("\"\"") EVENT("\"a\"")), &said) > 0);
    CHECK_INT(said.bytes, 1);
    CHECK(mould_pass(&m, STR(EVENT("\"\"")), &said) > 0);
    CHECK_INT(said.bytes, 1);
}

static void what_is_no_single_good_string_does_not_fit(void)
{
    CHECK(!fits(EVENT("1")));
    CHECK(!fits(EVENT("\"a\",\"b\":\"c\"")));
    CHECK(!fits(EVENT("\"bad \\q\"")));
    CHECK(!fits(EVENT("\"raw \n\"")));
    CHECK(!fits(EVENT("\"a\n\ndata: b\"")));
    CHECK(!fits(EVENT("\"lone \\ud800\"")));
    CHECK(!fits(EVENT("\"not UTF-8 \xc3\"")));
    CHECK(!fits(EVENT("\"unfinished")));
    CHECK(!fits(EVENT("\"")));
}

static void another_byte_around_it_does_not_fit(void)
{
    CHECK(!fits("data: {\"a\":2,\"content\":\"one\",\"z\":[]}\n\n"));
    CHECK(!fits("data: {\"a\":1,\"content\":\"one\",\"z\":[1]}\n\n"));
    CHECK(!fits("data: {\"a\":1,\"content\":\"one\",\"z\":[]}\nid: 1\n\n"));
    CHECK(!fits("data: {\"a\":1,\"content\":\"one\",\"z\":[]}\r\n\r\n"));
    CHECK(!fits("{}"));
    CHECK(!fits(""));
}

static void an_empty_mould_fits_nothing(void)
{
    struct mould m = {0};
    struct spoken said = {0};
    CHECK_INT(mould_pass(&m, STR("\"x\""), &said), 0);
}

static void what_is_too_large_is_not_cast(void)
{
    static char data[MOULD_BYTES + 16];
    struct mould m = {0};
    struct spoken said = {0};
    memset(data, ' ', sizeof data);
    memcpy(data, "{\"a\":\"x\"", 8);
    data[sizeof data - 1] = '\n';
    mould_cast(&m, (str){data, sizeof data}, (str){data + 5, 3});
    CHECK_INT(mould_pass(&m, (str){data, sizeof data}, &said), 0);
}

/* Its LF may still come, and would then stand before the next event. */
static void what_ends_in_a_cr_is_not_cast(void)
{
    str event = STR("data: {\"a\":1,\"content\":\"one\",\"z\":[]}\r\r");
    struct mould m = cast_of(event);
    struct spoken said = {0};
    CHECK_INT(mould_pass(&m, event, &said), 0);
}

static void a_stream_whose_events_never_fit_is_left_alone(void)
{
    struct mould m = {0};
    struct spoken said = {0};
    char text[] = EVENT("\"one\"");
    for (char other = 'a'; other < 'a' + 20; other++) {
        text[8] = other;
        str event = str_of(text);
        mould_cast(&m, event, (str){event.p + 23, 5});
    }
    CHECK_INT(mould_pass(&m, str_of(text), &said), 0);
}

/* What a tap learns must not depend on whether the mould was used. */
static void an_event_that_fits_teaches_the_same(void)
{
    static const char *const texts[] = {"\"a\"", "\"b\"", "\"\"", "\"c\\n\""};
    struct tap warm = {0};
    for (size_t i = 0; i < sizeof texts / sizeof texts[0]; i++) {
        char data[200];
        struct tap cold = {0};
        struct sse_event event;
        snprintf(data, sizeof data,
                 "data: {\"choices\":[{\"index\":0,\"delta\":{\"content\":%s},"
                 "\"finish_reason\":null}]}\n\n",
                 texts[i]);
        str rest = str_of(data);
        size_t passed = mould_pass(&warm.mould, rest, &warm.spoken);
        CHECK_INT(passed, i > 0 ? rest.n : 0);
        CHECK(sse_next(&rest, &event));
        CHECK_INT(dialect_openai.event(&cold, &event, false), EVENT_RELAY);
        if (passed == 0)
            dialect_openai.event(&warm, &event, false);
        CHECK(warm.first || !cold.first);
        CHECK(!warm.terminal && !warm.failed && warm.finish[0] == '\0');
    }
}

TESTS(another_string_fits, many_pass_at_once_up_to_the_first_that_differs,
      text_is_said_unless_all_strings_are_empty,
      what_is_no_single_good_string_does_not_fit,
      another_byte_around_it_does_not_fit, an_empty_mould_fits_nothing,
      what_is_too_large_is_not_cast, what_ends_in_a_cr_is_not_cast,
      a_stream_whose_events_never_fit_is_left_alone,
      an_event_that_fits_teaches_the_same)
