/*
** test_json_scan.c -- what is JSON, and what is not and why.
*/
#include "base/buf.h"
#include "unit.h"
#include "wire/json.h"

static void accept(const char *z)
{
    struct json_error error;
    bool ok = json_check(str_of(z), &error);
    if (!ok)
        printf("#    refused (%s at %zu): %s\n", error.what, error.at, z);
    CHECK(ok);
}

static void refuse_str(str s, size_t at, const char *what)
{
    struct json_error error = {0};
    if (json_check(s, &error)) {
        printf("#    accepted: %.*s\n", STR_ARG(s));
        CHECK(!"refused");
        return;
    }
    CHECK_STR(str_of(error.what), what);
    CHECK_INT(error.at, at);
}

static void refuse(const char *z, size_t at, const char *what)
{
    refuse_str(str_of(z), at, what);
}

static void values_of_every_kind_are_accepted(void)
{
    static const char *const good[] = {
        "null",
        "true",
        "false",
        "0",
        "-0",
        "10",
        "-1.5e+10",
        "1E5",
        "0.1e-1",
        "\"\"",
        "[]",
        "{}",
        " [ ] ",
        "\t{\r\n} ",
        "[1,2]",
        "[[],[{}]]",
        "{\"a\":1,\"b\":[null]}",
        "\"\\\"\\\\\\/\\b\\f\\n\\r\\t\\u00e9\"",
        "\"\\ud83d\\ude00\"",
        "\"\xc3\xa9\xe2\x82\xac\xf0\x9f\x98\x80\x7f\"",
        "{\"\":0}",
        "{\"a\":{\"a\":{\"a\":1}},\"b\":{\"a\":1}}",
    };
    for (size_t i = 0; i < sizeof good / sizeof good[0]; i++)
        accept(good[i]);
}

static void every_cut_of_a_text_is_refused(void)
{
    const char *z =
        "{\"a\":[1.5e1,true,false,null,\"\\ud83d\\ude00\xe4\xb8\xad\xc3\xa9 "
        "long enough\"],\"b\":{}}";
    struct json_error error;
    accept(z);
    for (size_t cut = 0; cut < strlen(z); cut++) {
        char *copy = mem_alloc(cut); /* so that a read past it is seen */
        memcpy(copy, z, cut);
        CHECK(!json_check((str){copy, cut}, &error));
        mem_free(copy);
        CHECK(error.at <= cut);
    }
}

static void numbers_are_written_one_way(void)
{
    refuse("01", 1, "number with a leading zero");
    refuse("-01", 2, "number with a leading zero");
    refuse("+1", 0, "value expected");
    refuse(".5", 0, "value expected");
    refuse("1.", 2, "unexpected end");
    refuse("1.e5", 2, "digit expected");
    refuse("1e", 2, "unexpected end");
    refuse("1e+", 3, "unexpected end");
    refuse("-", 1, "unexpected end");
    refuse("-a", 1, "digit expected");
    refuse("0x10", 1, "more than one value");
    refuse("NaN", 0, "value expected");
    refuse("Infinity", 0, "value expected");
    refuse("-Infinity", 1, "digit expected");
}

static void a_text_holds_one_value_and_nothing_else(void)
{
    refuse("", 0, "unexpected end");
    refuse("  ", 2, "unexpected end");
    refuse("1 2", 2, "more than one value");
    refuse("{}x", 2, "more than one value");
    refuse("\xef\xbb\xbf{}", 0, "value expected");
    refuse("nul", 0, "value expected");
    refuse("True", 0, "value expected");
    refuse("[1,]", 3, "value expected");
    refuse("[,1]", 1, "value expected");
    refuse("[1 2]", 3, "',' or ']' expected");
    refuse("[1}", 2, "',' or ']' expected");
    refuse("{\"a\":1,}", 7, "name expected");
    refuse("{\"a\" 1}", 5, "':' expected");
    refuse("{\"a\":}", 5, "value expected");
    refuse("{a:1}", 1, "name expected");
    refuse("{1:1}", 1, "name expected");
    refuse("{\"a\":1 \"b\":2}", 7, "',' or '}' expected");
    refuse("['a']", 1, "value expected");
    refuse("[1]/**/", 3, "more than one value");
    refuse_str(STR("[1]\0"), 3, "more than one value");
    refuse_str(STR_NONE, 0, "unexpected end");
}

static void strings_hold_text_and_no_bytes(void)
{
    refuse("\"a", 2, "unexpected end");
    refuse("\"a\nb\"", 2, "control byte in a string");
    refuse("\"12345678\t\"", 9, "control byte in a string");
    refuse_str(STR("\"\0\""), 1, "control byte in a string");
    refuse("\"\\x\"", 1, "invalid escape");
    refuse("\"\\", 1, "invalid escape");
    refuse("\"\\u12g4\"", 1, "invalid \\u escape");
    refuse("\"\\u12\"", 1, "invalid \\u escape");
    refuse("\"\\ud83d\"", 1, "lone surrogate");
    refuse("\"\\ude00\"", 1, "lone surrogate");
    refuse("\"\\ud83d\\n\"", 1, "lone surrogate");
    refuse("\"\\ud83d\\u0041\"", 1, "lone surrogate");
    refuse("\"\\ud83d\\ud83d\"", 1, "lone surrogate");
    refuse("\"\\ude00\\ude00\"", 1, "lone surrogate");
}

static void utf8_is_well_formed(void)
{
    static const char *const bad[] = {
        "\x80",
        "\xff",
        "\xc0\xaf",
        "\xc1\xbf",
        "\xc3",
        "\xc3(",
        "\xe0\x9f\xbf",
        "\xe2\x82",
        "\xe2(\xac",
        "\xed\xa0\x80",
        "\xed\xbf\xbf",
        "\xf0\x8f\xbf\xbf",
        "\xf0\x9f\x98",
        "\xf4\x90\x80\x80",
        "\xf5\x80\x80\x80",
        "\xf8\x88\x80\x80",
        "\xf0\x9f\x98(",
        "\xfe",
    };
    for (size_t i = 0; i < sizeof bad / sizeof bad[0]; i++) {
        char z[64];
        snprintf(z, sizeof z, "\"eight or more%s\"", bad[i]);
        refuse(z, 14, "invalid UTF-8");
    }
    accept("\"\xed\x9f\xbf\xee\x80\x80\xf4\x8f\xbf\xbf\xf0\x90\x80\x80\"");
}

static void a_name_comes_once_at_every_depth(void)
{
    refuse("{\"a\":1,\"a\":2}", 7, "duplicate name");
    refuse("{\"model\":1,\"mod\\u0065l\":2}", 11, "duplicate name");
    refuse("{\"\\u0061\":1,\"a\":2}", 12, "duplicate name");
    refuse("[{\"x\":{\"b\":1,\"a\":1,\"b\":2}}]", 19, "duplicate name");
    refuse("{\"a\":{\"c\":1},\"b\":[],\"a\":2}", 20, "duplicate name");
    accept("{\"a\":1,\"A\":2,\"a \":3,\"\":4}");
    accept("[{\"a\":1},{\"a\":1}]");
}

/* An object of n names; `again` stands last. */
static void wide(struct buf *b, int n, const char *again)
{
    buf_clear(b);
    buf_text(b, "{");
    for (int i = 0; i < n; i++)
        buf_print(b, "\"key%d\":%d,", i, i);
    buf_print(b, "\"%s\":0}", again);
}

static void large_objects_are_looked_at_too(void)
{
    static const int sizes[] = {15, 16, 17, 63, 64, 65, 100000};
    struct json_error error;
    struct buf b;
    buf_init(&b, 8 << 20);
    for (size_t i = 0; i < sizeof sizes / sizeof sizes[0]; i++) {
        wide(&b, sizes[i], "other");
        CHECK(json_check(buf_str(&b), &error));
        wide(&b, sizes[i], "key3");
        CHECK(!json_check(buf_str(&b), &error));
        CHECK_STR(str_of(error.what), "duplicate name");
        wide(&b, sizes[i], "k\\u0065y7");
        CHECK(!json_check(buf_str(&b), &error));
    }
    buf_fini(&b);
}

/* Names that all belong in one place of a table of 4,096 by a hash that anybody
** can compute. */
static void names_made_to_collide_do_not(void)
{
    struct json_error error;
    struct buf b;
    buf_init(&b, 1 << 20);
    buf_text(&b, "{\"0\":0");
    for (int i = 1, n = 0; n < 1200; i++) {
        char name[16];
        snprintf(name, sizeof name, "%x", (unsigned)i);
        uint64_t hash = str_hash(str_of(name));
        if (((hash ^ hash >> 32) & 4095) != 0)
            continue;
        buf_print(&b, ",\"%s\":0", name);
        n++;
    }
    buf_byte(&b, '}');
    CHECK(json_check(buf_str(&b), &error));
    buf_fini(&b);
}

static void the_names_of_one_object_are_bounded(void)
{
    struct json_error error;
    struct buf b;
    buf_init(&b, 64 << 20);
    wide(&b, (1 << 20) - 1, "last");
    CHECK(json_check(buf_str(&b), &error));
    wide(&b, 1 << 20, "one more");
    CHECK(!json_check(buf_str(&b), &error));
    CHECK_STR(str_of(error.what), "too many names");
    buf_fini(&b);
}

static void depth_is_bounded(void)
{
    char z[2 * JSON_MAX_DEPTH + 3];
    memset(z, '[', JSON_MAX_DEPTH);
    memset(z + JSON_MAX_DEPTH, ']', JSON_MAX_DEPTH);
    z[2 * JSON_MAX_DEPTH] = '\0';
    accept(z);
    memset(z, '[', JSON_MAX_DEPTH + 1);
    refuse(z, JSON_MAX_DEPTH, "nested too deeply");
    memset(z, '[', sizeof z - 1);
    z[sizeof z - 1] = '\0';
    refuse(z, JSON_MAX_DEPTH, "nested too deeply");
}

static void without_memory_nothing_is_accepted(void)
{
    struct json_error error;
    struct buf b;
    buf_init(&b, 1 << 20);
    wide(&b, 200, "k\\u0065y");
    int fails = 0;
    for (int nth = 1; nth < 20; nth++) {
        mem_fail_at(nth, 0);
        bool ok = json_check(buf_str(&b), &error);
        mem_fail_at(0, 0);
        if (ok)
            break;
        CHECK_STR(str_of(error.what), "out of memory");
        fails++;
    }
    CHECK_INT(fails, 4); /* room for names twice, a decoded name, the table */
    buf_fini(&b);
}

/* Of all objects that are open, since all are remembered. */
static void the_names_of_nested_objects_are_bounded_together(void)
{
    struct json_error error;
    struct buf b;
    buf_init(&b, 64 << 20);
    for (int depth = 0; depth < 2; depth++) {
        buf_byte(&b, '{');
        for (int i = 0; i < 600000; i++)
            buf_print(&b, "\"%d\":0,", i);
        buf_text(&b, "\"in\":");
    }
    CHECK(!json_check(buf_str(&b), &error));
    CHECK_STR(str_of(error.what), "too many names");
    buf_fini(&b);
}

TESTS(values_of_every_kind_are_accepted, every_cut_of_a_text_is_refused,
      numbers_are_written_one_way, a_text_holds_one_value_and_nothing_else,
      strings_hold_text_and_no_bytes, utf8_is_well_formed,
      a_name_comes_once_at_every_depth, large_objects_are_looked_at_too,
      names_made_to_collide_do_not, the_names_of_one_object_are_bounded,
      the_names_of_nested_objects_are_bounded_together, depth_is_bounded,
      without_memory_nothing_is_accepted)
