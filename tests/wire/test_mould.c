/*
** test_mould.c -- a mould accepts another string in its place, nothing else.
*/
#include "unit.h"

#include "wire/dialect.h"
#include "wire/mould.h"

#define EVENT(text) "{\"a\":1,\"content\":" text ",\"z\":[]}"

static struct mould cast(void)
{
    struct mould m = {0};
    str data = STR(EVENT("\"one\""));
    mould_cast(&m, data, (str){data.p + 17, 5});
    return m;
}

static bool fits(const char *data)
{
    struct mould m = cast();
    str text;
    return mould_fits(&m, str_of(data), &text);
}

static void another_string_fits(void)
{
    struct mould m = cast();
    str text = STR_NONE;
    CHECK(mould_fits(&m, STR(EVENT("\"two \\n \\u00e9\"")), &text));
    CHECK_STR(text, "\"two \\n \\u00e9\"");
    CHECK(fits(EVENT("\"\"")));
}

static void what_is_no_single_good_string_does_not(void)
{
    CHECK(!fits(EVENT("1")));
    CHECK(!fits(EVENT("\"a\",\"b\":\"c\"")));
    CHECK(!fits(EVENT("\"bad \\q\"")));
    CHECK(!fits(EVENT("\"raw \n\"")));
    CHECK(!fits(EVENT("\"lone \\ud800\"")));
    CHECK(!fits(EVENT("\"unfinished")));
    CHECK(!fits(EVENT("\"")));
}

static void another_byte_around_it_does_not_fit(void)
{
    CHECK(!fits("{\"a\":2,\"content\":\"one\",\"z\":[]}"));
    CHECK(!fits("{\"a\":1,\"content\":\"one\",\"z\":[1]}"));
    CHECK(!fits("{}"));
    CHECK(!fits(""));
}

static void an_empty_mould_fits_nothing(void)
{
    struct mould m = {0};
    str text;
    CHECK(!mould_fits(&m, STR("\"x\""), &text));
}

static void what_is_too_large_is_not_cast(void)
{
    static char data[MOULD_BYTES + 16];
    struct mould m = {0};
    str text;
    memset(data, ' ', sizeof data);
    memcpy(data, "{\"a\":\"x\"", 8);
    data[sizeof data - 1] = '}';
    mould_cast(&m, (str){data, sizeof data}, (str){data + 5, 3});
    CHECK(!mould_fits(&m, (str){data, sizeof data}, &text));
}

static void a_stream_that_never_fits_is_left_alone(void)
{
    struct mould m = cast();
    str text, other = STR(EVENT("7"));
    for (int i = 0; i < 20; i++)
        CHECK(!mould_fits(&m, other, &text));
    str data = STR("{\"new\":\"one\"}");
    mould_cast(&m, data, (str){data.p + 7, 5});
    CHECK(!mould_fits(&m, data, &text));
}

/* What a tap learns must not depend on whether the mould was used. */
static void an_event_that_fits_teaches_the_same(void)
{
    static const char *const texts[] = {"\"a\"", "\"b\"", "\"\"", "\"c\\n\""};
    struct tap warm = {0};
    for (size_t i = 0; i < sizeof texts / sizeof texts[0]; i++) {
        char data[200];
        struct tap cold = {0};
        snprintf(data, sizeof data,
                 "{\"choices\":[{\"index\":0,\"delta\":{\"content\":%s},"
                 "\"finish_reason\":null}]}",
                 texts[i]);
        struct sse_event e = {.data = str_of(data), .bytes = str_of(data)};
        int hot = dialect_openai.event(&warm, &e, false);
        CHECK_INT(hot, dialect_openai.event(&cold, &e, false));
        CHECK(warm.first || !cold.first);
    }
    struct sse_event bad = {.data = STR("{\"choices\":[{\"index\":0,\"delta\":{"
                                        "\"content\":\"x},\"finish_reason\":"
                                        "null}]}")};
    CHECK_INT(dialect_openai.event(&warm, &bad, false), EVENT_MALFORMED);
}

TESTS(another_string_fits, what_is_no_single_good_string_does_not,
      another_byte_around_it_does_not_fit, an_empty_mould_fits_nothing,
      what_is_too_large_is_not_cast, a_stream_that_never_fits_is_left_alone,
      an_event_that_fits_teaches_the_same)
