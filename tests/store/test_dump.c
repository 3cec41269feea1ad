/*
** test_dump.c -- rows become lines and rows again; base64.
*/
#include "unit.h"

#include "store/base64.h"
#include "store/dump.h"

static void in_base64(str bytes, const char *text)
{
    struct buf b;
    buf_init(&b, 1000);
    base64_put(&b, bytes);
    CHECK_STR(buf_str(&b), text);
    buf_clear(&b);
    CHECK(base64_read(&b, str_of(text)));
    CHECK(str_eq(buf_str(&b), bytes));
    buf_fini(&b);
}

static void bytes_are_letters_and_bytes_again(void)
{
    in_base64(STR(""), "");
    in_base64(STR("f"), "Zg==");
    in_base64(STR("fo"), "Zm8=");
    in_base64(STR("foo"), "Zm9v");
    in_base64(STR("foob"), "Zm9vYg==");
    in_base64(STR("\xff\x00\xfe\xfb"), "/wD++w==");
}

static void what_is_not_base64_is_told(void)
{
    struct buf b;
    buf_init(&b, 1000);
    const char *bad[] = {"Z",    "Zg=",      "Zg",   "Zh==",   "Zm9=",
                         "=Zg=", "Zg==Zg==", "Z g=", "Zm9v\n", "Zm9-"};
    for (size_t i = 0; i < sizeof bad / sizeof *bad; i++)
        CHECK(!base64_read(&b, str_of(bad[i])));
    buf_fini(&b);
}

static void a_line_has_what_a_row_has(void)
{
    struct buf b;
    struct row row = {.table = STR("t"),
                      .key = STR("a\"b"),
                      .value = STR("x\n"),
                      .expires = 1790000000000000001};
    buf_init(&b, 1000);
    dump_row(&b, &row);
    CHECK_STR(buf_str(&b), "{\"table\":\"t\",\"key\":\"a\\\"b\",\"value\":"
                           "\"x\\n\",\"expires\":1790000000000000001}\n");
    buf_clear(&b);
    row = (struct row){.table = STR("t"),
                       .key = STR("\xff"),
                       .count = INT64_MIN,
                       .expires = NANOS_NEVER};
    dump_row(&b, &row);
    CHECK_STR(buf_str(&b), "{\"table\":\"t\",\"key64\":\"/w==\",\"count\":"
                           "-9223372036854775808}\n");
    buf_fini(&b);
}

static void same(const struct row *row)
{
    struct buf line, scratch;
    struct row back;
    buf_init(&line, 10000);
    buf_init(&scratch, 10000);
    dump_row(&line, row);
    CHECK(dump_read((str){line.p, line.n - 1}, &back, &scratch) == NULL);
    CHECK(str_eq(back.table, row->table) && str_eq(back.key, row->key));
    CHECK((back.value.p == NULL) == (row->value.p == NULL));
    CHECK(row->value.p == NULL || str_eq(back.value, row->value));
    CHECK_INT(back.count, row->count);
    CHECK_INT(back.expires, row->expires);
    buf_fini(&line);
    buf_fini(&scratch);
}

static void every_row_comes_back(void)
{
    char bytes[256];
    for (int i = 0; i < 256; i++)
        bytes[i] = (char)i;
    for (size_t n = 0; n <= 256; n += 15) {
        same(&(struct row){.table = STR("t"),
                           .key = {bytes + 256 - n, n},
                           .value = {bytes, n},
                           .expires = (nanos)n});
        same(&(struct row){.table = STR("t"),
                           .key = {bytes, n},
                           .value = {bytes + 256 - n, n},
                           .expires = NANOS_NEVER});
    }
    int64_t counts[] = {0, -1, INT64_MAX, INT64_MIN};
    for (int i = 0; i < 4; i++)
        same(&(struct row){.table = STR("t"),
                           .key = STR("k"),
                           .count = counts[i],
                           .expires = NANOS_NEVER});
}

static void a_line_that_is_no_row_is_told(void)
{
    static const char *const bad[] = {
        "",
        "{",
        "[]",
        "{\"table\":\"t\"}",
        "{\"table\":\"t\",\"key\":\"k\"}",
        "{\"table\":\"t\",\"key\":\"k\",\"value\":1}",
        "{\"table\":\"t\",\"key\":\"k\",\"count\":1.5}",
        "{\"table\":\"t\",\"key\":\"k\",\"value\":\"x\",\"count\":1}",
        "{\"table\":\"t\",\"key64\":\"!\",\"value\":\"x\"}",
        "{\"table\":\"t\",\"key\":\"k\",\"value\":\"x\",\"expires\":\"soon\"}",
    };
    struct buf scratch;
    struct row row;
    buf_init(&scratch, 10000);
    for (size_t i = 0; i < sizeof bad / sizeof *bad; i++)
        CHECK(dump_read(str_of(bad[i]), &row, &scratch) != NULL);
    buf_fini(&scratch);
}

static void the_first_line_says_what_it_is(void)
{
    struct buf b;
    buf_init(&b, 100);
    dump_begin(&b);
    CHECK(dump_is((str){b.p, b.n - 1}) == NULL);
    CHECK(dump_is(STR("{}")) != NULL);
    CHECK(dump_is(STR("{\"perilune\":\"store\",\"layout\":2}")) != NULL);
    CHECK(dump_is(STR("table,key")) != NULL);
    buf_fini(&b);
}

TESTS(bytes_are_letters_and_bytes_again, what_is_not_base64_is_told,
      a_line_has_what_a_row_has, every_row_comes_back,
      a_line_that_is_no_row_is_told, the_first_line_says_what_it_is)
