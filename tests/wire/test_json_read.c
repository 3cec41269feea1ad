/*
** test_json_read.c -- walking, decoding and numbers.
*/
#include "base/buf.h"
#include "unit.h"
#include "wire/json.h"

static struct json j(const char *z)
{
    return json_of(str_of(z));
}

static void a_value_has_a_kind_and_no_space_around_it(void)
{
    CHECK_INT(j("  ").kind, JSON_NONE);
    CHECK_INT(json_of(STR_NONE).kind, JSON_NONE);
    CHECK_INT(j("null").kind, JSON_NULL);
    CHECK_INT(j("true").kind, JSON_TRUE);
    CHECK_INT(j("false").kind, JSON_FALSE);
    CHECK_INT(j("-1").kind, JSON_NUMBER);
    CHECK_INT(j("\"\"").kind, JSON_STRING);
    CHECK_INT(j("[]").kind, JSON_ARRAY);
    CHECK_STR(j(" \r\n{ }\t").text, "{ }");
}

static void a_member_is_found_by_its_decoded_name(void)
{
    struct json v =
        j("{ \"x\" : [ {\"a\":\"}\\\"]\"} ] , \"mod\\u0065l\":\"m\","
          "\"a\":{\"b\":1.5},\"\\ud83d\\ude00\":true }");
    CHECK_STR(json_get(v, STR("model")).text, "\"m\"");
    CHECK_STR(json_get(v, STR("x")).text, "[ {\"a\":\"}\\\"]\"} ]");
    CHECK_STR(json_get(json_get(v, STR("a")), STR("b")).text, "1.5");
    CHECK_INT(json_get(v, STR("\xf0\x9f\x98\x80")).kind, JSON_TRUE);
    CHECK_INT(json_get(v, STR("b")).kind, JSON_NONE);
    CHECK_INT(json_get(v, STR("mode")).kind, JSON_NONE);
    CHECK_INT(json_get(v, STR("models")).kind, JSON_NONE);
    CHECK_INT(json_get(j("[\"a\",1]"), STR("a")).kind, JSON_NONE);
    CHECK_INT(json_get(j("\"a\""), STR("a")).kind, JSON_NONE);
    CHECK_INT(json_get(json_of(STR_NONE), STR("a")).kind, JSON_NONE);
}

static void a_walk_meets_every_item_in_order(void)
{
    struct json_walk w = json_walk(j("[1,\"a,]\",[2,[3]],{\"a\":[]}, null]"));
    static const char *const items[] = {"1", "\"a,]\"", "[2,[3]]", "{\"a\":[]}",
                                        "null"};
    for (size_t i = 0; i < 5; i++) {
        CHECK(json_next(&w));
        CHECK_STR(w.value.text, items[i]);
        CHECK(w.name.p == NULL);
    }
    CHECK(!json_next(&w));
    CHECK(!json_next(&w));

    w = json_walk(j("{\"a\\\"\" : 1, \"b\":\"\\\\\"}"));
    CHECK(json_next(&w));
    CHECK_STR(w.name, "\"a\\\"\"");
    CHECK(json_next(&w));
    CHECK_STR(w.name, "\"b\"");
    CHECK_STR(w.value.text, "\"\\\\\"");
    CHECK(!json_next(&w));
}

static void empty_things_and_others_have_no_items(void)
{
    static const char *const empty[] = {"[]", "{ }", "1", "\"[1]\"", "null"};
    for (size_t i = 0; i < sizeof empty / sizeof empty[0]; i++) {
        struct json_walk w = json_walk(j(empty[i]));
        CHECK(!json_next(&w));
    }
    struct json_walk w = json_walk(json_of(STR_NONE));
    CHECK(!json_next(&w));
}

static void text_is_a_slice_unless_it_has_escapes(void)
{
    struct buf b;
    buf_init(&b, 64);
    struct json v = j("\"plain \xc3\xa9\"");
    CHECK(json_text(v, &b).p == v.text.p + 1);
    CHECK_INT(b.n, 0);
    buf_text(&b, "before");
    CHECK_STR(json_text(j("\"a\\n\\\"\\\\\\/\\b\\f\\r\\t\\u00E9\\u20ac"
                          "\\ud83d\\ude00z\""),
                        &b),
              "a\n\"\\/\b\f\r\t\xc3\xa9\xe2\x82\xac\xf0\x9f\x98\x80z");
    CHECK(str_starts(buf_str(&b), STR("before")));
    CHECK(str_eq(json_text(j("\"\\u0000\""), &b), STR("\0")));
    CHECK(json_text(j("1"), &b).p == NULL);
    CHECK_STR(json_text(j("\"\""), &b), "");
    CHECK(json_text(j("\"\\n12345678901234567890123456789012345678901234567"
                      "890\""),
                    &b)
              .p == NULL);
    buf_fini(&b);
}

static void names_are_compared_decoded(void)
{
    CHECK(json_is(STR("\"a\""), STR("a")));
    CHECK(json_is(STR("\"\""), STR("")));
    CHECK(json_is(STR("\"\\u0061b\""), STR("ab")));
    CHECK(json_is(STR("\"a\\n\""), STR("a\n")));
    CHECK(!json_is(STR("\"\\u0061b\""), STR("a")));
    CHECK(!json_is(STR("\"\\u0061\""), STR("ab")));
    CHECK(!json_is(STR("\"A\""), STR("a")));
}

static void integers_are_exact(void)
{
    static const struct {
        const char *text;
        int64_t value;
    } good[] = {
        {"0", 0},
        {"-0", 0},
        {"0.000", 0},
        {"0e999999999999", 0},
        {"1", 1},
        {"-17", -17},
        {"1.0", 1},
        {"1e2", 100},
        {"1.50e1", 15},
        {"1200e-2", 12},
        {"0.001e3", 1},
        {"9007199254740993", 9007199254740993},
        {"9223372036854775807", INT64_MAX},
        {"-9223372036854775807", -INT64_MAX},
        {"1e18", 1000000000000000000},
    };
    static const char *const bad[] = {
        "1.5",
        "1e-1",
        "9223372036854775808",
        "1e19",
        "1e400",
        "-1e99999999999",
        "0.001",
        "12345678901234567890",
        "\"1\"",
        "null",
        "10e18",
    };
    int64_t n;
    for (size_t i = 0; i < sizeof good / sizeof good[0]; i++) {
        CHECK(json_integer(j(good[i].text), &n));
        CHECK_INT(n, good[i].value);
    }
    for (size_t i = 0; i < sizeof bad / sizeof bad[0]; i++) {
        CHECK(!json_integer(j(bad[i]), &n));
    }
    CHECK(!json_integer(json_of(STR_NONE), &n));
}

static void doubles_are_the_nearest(void)
{
    static const char *const texts[] = {
        "0",
        "0.1",
        "-1.5",
        "1e308",
        "5e-324",
        "2.2250738585072011e-308",
        "0.30000000000000004",
        "123456789012345678901234567890",
        "1E+2",
        "9007199254740993",
        "0.000001e-3",
        "100",
        "1.0000000000000002",
        "9007199254740992.99999999999999999999999999999999999",
    };
    for (size_t i = 0; i < sizeof texts / sizeof texts[0]; i++)
        CHECK(json_double(j(texts[i])) == strtod(texts[i], NULL));
    CHECK(signbit(json_double(j("-0"))));
    CHECK(isinf(json_double(j("1e400"))));
    CHECK(isinf(json_double(j("1e99999999999999999999"))));
    CHECK(json_double(j("1e-400")) == 0);
    CHECK(json_double(j("\"1\"")) == 0);
}

static void a_number_may_be_a_megabyte_long(void)
{
    enum { N = 1 << 20 };
    char *text = mem_alloc(N + 1);
    int64_t n;
    memset(text, '0', N);
    text[N] = '\0';
    memcpy(text, "7.", 2);
    CHECK(json_integer(j(text), &n));
    CHECK_INT(n, 7);
    text[N - 1] = '1';
    CHECK(!json_integer(j(text), &n));
    CHECK(json_double(j(text)) == 7);
    memcpy(text, "0.", 2);
    memcpy(text + N - 9, "3e1048566", 9); /* 3 behind 1048565 zeros */
    CHECK(json_double(j(text)) == 3);
    CHECK(json_integer(j(text), &n));
    CHECK_INT(n, 3);
    memset(text, '9', N);
    CHECK(isinf(json_double(j(text))));
    mem_free(text);

    /* 2^53 + 1 and a bit, the bit a thousand digits away: not a tie */
    char near[1100];
    memset(near, '0', sizeof near);
    memcpy(near, "9007199254740993.", 17);
    near[1098] = '1';
    near[1099] = '\0';
    CHECK(json_double(j(near)) == 9007199254740994.0);
}

static void members_are_picked_by_their_decoded_names_in_one_walk(void)
{
    const str names[] = {STR("b"), STR("none"), STR("a")};
    struct json of[3];
    json_pick(j("{\"\\u0061\":1,\"c\":{\"none\":2},\"b\":[3]}"), names, of, 3);
    CHECK_STR(of[0].text, "[3]");
    CHECK_INT(of[1].kind, JSON_NONE);
    CHECK_STR(of[2].text, "1");
    json_pick(j("[\"a\"]"), names, of, 3);
    CHECK_INT(of[2].kind, JSON_NONE);
}

TESTS(members_are_picked_by_their_decoded_names_in_one_walk,
      a_value_has_a_kind_and_no_space_around_it,
      a_member_is_found_by_its_decoded_name, a_walk_meets_every_item_in_order,
      empty_things_and_others_have_no_items,
      text_is_a_slice_unless_it_has_escapes, names_are_compared_decoded,
      integers_are_exact, doubles_are_the_nearest,
      a_number_may_be_a_megabyte_long)
