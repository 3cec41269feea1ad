/*
** test_json_write.c -- strings, names and splices.
*/
#include "base/buf.h"
#include "unit.h"
#include "wire/json.h"

static void puts_as(str s, const char *want)
{
    struct json_error error;
    struct buf b;
    buf_init(&b, 1024);
    json_put_string(&b, s);
    CHECK_STR(buf_str(&b), want);
    CHECK(json_check(buf_str(&b), &error));
    buf_fini(&b);
}

static void a_string_is_always_valid_json(void)
{
    puts_as(STR(""), "\"\"");
    puts_as(STR("a/b \xc3\xa9 \xf0\x9f\x98\x80 \xe2\x82\xac"),
            "\"a/b \xc3\xa9 \xf0\x9f\x98\x80 \xe2\x82\xac\"");
    puts_as(STR("\"\\\b\f\n\r\t"), "\"\\\"\\\\\\b\\f\\n\\r\\t\"");
    puts_as(STR("\0\x01\x1f\x1b"), "\"\\u0000\\u0001\\u001f\\u001b\"");
    puts_as(STR("a\xff"
                "b\xc3"),
            "\"a\xef\xbf\xbd"
            "b\xef\xbf\xbd\"");
    puts_as(STR("\xed\xa0\x80"), "\"\xef\xbf\xbd\xef\xbf\xbd\xef\xbf\xbd\"");
}

static void what_no_terminal_should_obey_is_escaped(void)
{
    puts_as(STR("\x7f\xc2\x80\xc2\x9b\xc2\x9f\xc2\xa0"),
            "\"\\u007f\\u0080\\u009b\\u009f\xc2\xa0\"");
    puts_as(STR("\xe2\x80\xa7\xe2\x80\xa8\xe2\x80\xa9\xe2\x80\xae\xe2\x80\xaf"),
            "\"\xe2\x80\xa7\\u2028\\u2029\\u202e\xe2\x80\xaf\"");
    puts_as(STR("\xe2\x81\xa5\xe2\x81\xa6\xe2\x81\xa9\xe2\x81\xaa"),
            "\"\xe2\x81\xa5\\u2066\\u2069\xe2\x81\xaa\"");
}

static void any_text_survives_writing_and_reading(void)
{
    struct buf b, back;
    unsigned seed = 7;
    buf_init(&b, 1024);
    buf_init(&back, 1024);
    for (int round = 0; round < 2000; round++) {
        char text[16];
        for (size_t i = 0; i < sizeof text; i++) {
            seed = seed * 1103515245 + 12345;
            text[i] = (char)((seed >> 16) % 128);
        }
        buf_clear(&b);
        buf_clear(&back);
        json_put_string(&b, (str){text, sizeof text});
        json_decode(json_of(buf_str(&b)), &back);
        CHECK(str_eq(buf_str(&back), (str){text, sizeof text}));
    }
    buf_fini(&b);
    buf_fini(&back);
}

static void names_know_when_a_comma_is_due(void)
{
    struct buf b;
    buf_init(&b, 1024);
    buf_byte(&b, '{');
    json_put_name(&b, STR("a"));
    buf_byte(&b, '{');
    json_put_name(&b, STR("b\n"));
    buf_text(&b, "[]}");
    json_put_name(&b, STR("c"));
    buf_text(&b, "1}");
    CHECK_STR(buf_str(&b), "{\"a\":{\"b\\n\":[]},\"c\":1}");
    buf_fini(&b);
}

static void edits_are_made_in_any_order(void)
{
    struct buf b;
    str text = STR("0123456789");
    struct json_edit edits[] = {
        {{text.p + 8, 2}, STR("Z")},     {{text.p + 3, 2}, STR("")},
        {{text.p + 3, 0}, STR("<one>")}, {{text.p, 0}, STR("(")},
        {{text.p + 10, 0}, STR(")")},    {{text.p + 3, 0}, STR("<two>")},
        {{text.p + 5, 1}, STR("FIVE")},
    };
    buf_init(&b, 1024);
    json_splice(text, edits, 7, &b);
    CHECK_STR(buf_str(&b), "(012<one><two>FIVE67Z)");
    buf_clear(&b);
    json_splice(text, NULL, 0, &b);
    json_splice(STR(""), NULL, 0, &b);
    CHECK_STR(buf_str(&b), "0123456789");
    buf_fini(&b);
}

static void a_splice_that_does_not_fit_writes_nothing(void)
{
    struct buf b;
    struct json_edit edit = {{"abc", 0}, STR("1234")};
    str text = {edit.from.p, 3};
    buf_init(&b, 6);
    json_splice(text, &edit, 1, &b);
    CHECK(!buf_ok(&b));
    CHECK_INT(b.n, 0);
    buf_fini(&b);
}

/* Cut a text into random stretches, replace every other one. */
static void random_splices_agree_with_plain_copying(void)
{
    unsigned seed = 99;
    struct buf b, want;
    buf_init(&b, 4096);
    buf_init(&want, 4096);
    str text = STR("the quick brown fox jumps over the lazy dog, twice");
    for (int round = 0; round < 5000; round++) {
        struct json_edit edits[16];
        int n = 0;
        size_t at = 0;
        buf_clear(&b);
        buf_clear(&want);
        while (n < 16) {
            seed = seed * 1103515245 + 12345;
            size_t keep = 1 + (seed >> 16) % 5, cut = (seed >> 20) % 4;
            if (at + keep + cut > text.n)
                break;
            str to = {"0123456", (seed >> 24) % 8};
            buf_add(&want, (str){text.p + at, keep});
            buf_add(&want, to);
            edits[n++] = (struct json_edit){{text.p + at + keep, cut}, to};
            at += keep + cut;
        }
        buf_add(&want, str_from(text, at));
        for (int i = n - 1; i > 0; i--) { /* shuffle */
            seed = seed * 1103515245 + 12345;
            int other = (int)((seed >> 16) % (unsigned)(i + 1));
            struct json_edit kept = edits[i];
            edits[i] = edits[other];
            edits[other] = kept;
        }
        json_splice(text, edits, n, &b);
        CHECK(str_eq(buf_str(&b), buf_str(&want)));
    }
    buf_fini(&b);
    buf_fini(&want);
}

/* Eight bytes are looked at together: one that must be escaped is, wherever it
** stands. */
static void a_byte_is_written_alike_at_every_place(void)
{
    int wrong = 0;
    for (int c = 0; c < 0x80; c++) {
        struct buf alone;
        buf_init(&alone, 16);
        json_put_string(&alone, (str){(char[]){(char)c}, 1});
        for (size_t at = 0; at < 20; at++) {
            char text[20];
            struct buf b;
            memset(text, 'a', sizeof text);
            text[at] = (char)c;
            buf_init(&b, 64);
            json_put_string(&b, (str){text, sizeof text});
            str inner = {alone.p + 1, alone.n - 2};
            wrong += b.n != 21 + inner.n ||
                     memcmp(b.p + 1 + at, inner.p, inner.n) != 0;
            buf_fini(&b);
        }
        buf_fini(&alone);
    }
    CHECK_INT(wrong, 0);
}

TESTS(a_byte_is_written_alike_at_every_place, a_string_is_always_valid_json,
      what_no_terminal_should_obey_is_escaped,
      any_text_survives_writing_and_reading, names_know_when_a_comma_is_due,
      edits_are_made_in_any_order, a_splice_that_does_not_fit_writes_nothing,
      random_splices_agree_with_plain_copying)
