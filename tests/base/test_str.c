/*
** test_str.c -- borrowed text.
*/
#include "base/str.h"
#include "unit.h"

static void equality_is_of_bytes(void)
{
    CHECK(str_eq(STR("a\0b"), STR("a\0b")));
    CHECK(!str_eq(STR("a\0b"), STR("a\0c")));
    CHECK(!str_eq(STR("a"), STR("ab")));
    CHECK(!str_eq(STR("a"), STR("A")));
    CHECK(str_eq(STR_NONE, STR("")));
}

static void case_is_ignored_for_ascii_letters_only(void)
{
    CHECK(str_eq_nocase(STR("Content-LENGTH"), STR("content-length")));
    CHECK(!str_eq_nocase(STR("a"), STR("b")));
    CHECK(!str_eq_nocase(STR("a"), STR("ab")));
    CHECK(!str_eq_nocase(STR("["), STR("{")));
    CHECK(!str_eq_nocase(STR("\xc3\x89"), STR("\xc3\xa9")));
}

static void starts_and_finds_look_inside(void)
{
    CHECK(str_starts(STR("abc"), STR("ab")));
    CHECK(str_starts(STR("abc"), STR("")));
    CHECK(!str_starts(STR("a"), STR("ab")));
    CHECK_INT(str_find(STR("abc"), 'c'), 2);
    CHECK_INT(str_find(STR("abc"), 'x'), 3);
    CHECK_INT(str_find(STR_NONE, 'x'), 0);
    CHECK_STR(str_from(STR("abc"), 1), "bc");
    CHECK_STR(str_trim(STR(" \t a b\t ")), "a b");
    CHECK_STR(str_trim(STR(" \t")), "");
    CHECK_STR(str_trim(STR("\na")), "\na");
}

static void splitting_gives_every_part_once(void)
{
    static const char *const parts[] = {"a", "", "bc", ""};
    str rest = STR("a,,bc,");
    int n = 0;
    while (rest.p != NULL && n < 4)
        CHECK_STR(str_split(&rest, ','), parts[n++]);
    CHECK_INT(n, 4);
    CHECK(rest.p == NULL);
    rest = STR("");
    CHECK_STR(str_split(&rest, ','), "");
    CHECK(rest.p == NULL);
}

static void a_number_is_decimal_digits_within_its_maximum(void)
{
    CHECK_INT(str_number(STR("0"), 10), 0);
    CHECK_INT(str_number(STR("007"), 10), 7);
    CHECK_INT(str_number(STR("10"), 10), 10);
    CHECK_INT(str_number(STR("11"), 10), -1);
    CHECK_INT(str_number(STR("9223372036854775807"), INT64_MAX), INT64_MAX);
    CHECK_INT(str_number(STR("9223372036854775808"), INT64_MAX), -1);
    CHECK_INT(str_number(STR("99999999999999999999"), INT64_MAX), -1);
    CHECK_INT(str_number(STR(""), 10), -1);
    CHECK_INT(str_number(STR("-1"), 10), -1);
    CHECK_INT(str_number(STR("+1"), 10), -1);
    CHECK_INT(str_number(STR("1 "), 10), -1);
    CHECK_INT(str_number(STR("1a"), 10), -1);
}

static void different_texts_have_different_hashes(void)
{
    CHECK(str_hash(STR("")) == 14695981039346656037u);
    CHECK(str_hash(STR("a")) == 0xaf63dc4c8601ec8cu);
    CHECK(str_hash(STR("ab")) != str_hash(STR("ba")));
    CHECK(str_hash(STR("\0")) != str_hash(STR("\0\0")));
}

static void a_word_is_a_name_of_a_program(void)
{
    CHECK(str_is_word(STR("a")));
    CHECK(str_is_word(STR("_API_Key_9")));
    CHECK(str_is_word(STR("aaaaaaaaaabbbbbbbbbbccccccccccdddddddddd")));
    CHECK(!str_is_word(STR("aaaaaaaaaabbbbbbbbbbccccccccccdddddddddde")));
    CHECK(!str_is_word(STR("")) && !str_is_word(STR_NONE));
    CHECK(!str_is_word(STR("9a")) && !str_is_word(STR("a b")));
    CHECK(!str_is_word(STR("a-b")) && !str_is_word(STR("a\xc3\xa9")));
}

static void bytes_become_two_digits_each(void)
{
    char to[6];
    str_hex(to, "\x00\xaf\x19", 3);
    CHECK(memcmp(to, "00af19", 6) == 0);
}

TESTS(equality_is_of_bytes, case_is_ignored_for_ascii_letters_only,
      starts_and_finds_look_inside, splitting_gives_every_part_once,
      a_number_is_decimal_digits_within_its_maximum,
      different_texts_have_different_hashes, a_word_is_a_name_of_a_program,
      bytes_become_two_digits_each)
