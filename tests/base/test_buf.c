/*
** test_buf.c -- bytes that grow, and stop where they must.
*/
#include "base/buf.h"
#include "unit.h"

static void appends_add_up(void)
{
    struct buf b;
    buf_init(&b, 1000);
    CHECK_STR(buf_str(&b), "");
    buf_add(&b, STR("ab"));
    buf_byte(&b, 'c');
    buf_text(&b, "de");
    buf_int(&b, -12);
    buf_print(&b, "%s%d", "x", 7);
    CHECK_STR(buf_str(&b), "abcde-12x7");
    CHECK(buf_ok(&b));
    buf_fini(&b);
}

static void an_empty_buf_has_no_memory(void)
{
    struct buf b;
    long before = mem_live();
    buf_init(&b, 1000);
    buf_add(&b, STR(""));
    CHECK_INT(mem_live(), before);
    buf_fini(&b);
}

static void integers_of_every_size_are_written(void)
{
    struct buf b;
    buf_init(&b, 1000);
    buf_int(&b, 0);
    buf_byte(&b, ' ');
    buf_int(&b, INT64_MAX);
    buf_byte(&b, ' ');
    buf_int(&b, INT64_MIN);
    CHECK_STR(buf_str(&b), "0 9223372036854775807 -9223372036854775808");
    buf_fini(&b);
}

static void it_fills_up_to_its_maximum_and_no_further(void)
{
    struct buf b;
    buf_init(&b, 100);
    for (int i = 0; i < 100; i++)
        buf_byte(&b, 'x');
    CHECK(buf_ok(&b));
    CHECK_INT(b.n, 100);
    CHECK(b.cap <= 100);
    buf_byte(&b, 'y');
    CHECK(!buf_ok(&b));
    CHECK_INT(b.n, 100);
    buf_fini(&b);
}

static void after_a_failure_nothing_more_is_taken(void)
{
    struct buf b;
    buf_init(&b, 4);
    buf_text(&b, "ab");
    buf_text(&b, "cde");
    buf_text(&b, "f");
    CHECK(!buf_ok(&b));
    CHECK_STR(buf_str(&b), "ab");
    buf_clear(&b);
    CHECK(buf_ok(&b));
    buf_text(&b, "wxyz");
    CHECK_STR(buf_str(&b), "wxyz");
    buf_fini(&b);
}

static void without_memory_it_keeps_what_it_had(void)
{
    struct buf b;
    buf_init(&b, 10000);
    buf_text(&b, "kept");
    mem_fail_at(1, 0);
    CHECK(buf_room(&b, 500) == NULL);
    mem_fail_at(0, 0);
    CHECK(!buf_ok(&b));
    CHECK_STR(buf_str(&b), "kept");
    buf_fini(&b);
}

static void a_size_that_overflows_is_too_large(void)
{
    struct buf b;
    buf_init(&b, 100);
    buf_text(&b, "ab");
    CHECK(buf_room(&b, SIZE_MAX) == NULL);
    CHECK(!buf_ok(&b));
    buf_fini(&b);
}

static void dropping_moves_the_rest_to_the_front(void)
{
    struct buf b;
    buf_init(&b, 100);
    buf_text(&b, "abcdef");
    buf_drop(&b, 0);
    buf_drop(&b, 2);
    CHECK_STR(buf_str(&b), "cdef");
    buf_drop(&b, 4);
    CHECK_STR(buf_str(&b), "");
    buf_text(&b, "x");
    buf_drop(&b, 50);
    CHECK_INT(b.n, 0);
    buf_fini(&b);
}

static void digits_are_filled_up_with_zeros(void)
{
    struct buf b;
    buf_init(&b, 64);
    buf_digits(&b, 7, 3);
    buf_byte(&b, ' ');
    buf_digits(&b, 0, 2);
    buf_byte(&b, ' ');
    buf_digits(&b, 12345, 3);
    CHECK_STR(buf_str(&b), "007 00 12345");
    buf_fini(&b);
}

static void room_that_is_not_needed_goes_back(void)
{
    struct buf b;
    buf_init(&b, 1000);
    buf_room(&b, 600);
    buf_text(&b, "abc");
    buf_fit(&b);
    CHECK_INT(b.cap, 3);
    buf_text(&b, "d");
    CHECK_STR(buf_str(&b), "abcd");
    mem_fail_at(1, 0);
    buf_fit(&b); /* then it keeps what it has */
    mem_fail_at(0, 0);
    CHECK_STR(buf_str(&b), "abcd");
    buf_clear(&b);
    buf_fit(&b);
    CHECK(buf_ok(&b));
    buf_fini(&b);
}

TESTS(digits_are_filled_up_with_zeros, room_that_is_not_needed_goes_back,
      appends_add_up, an_empty_buf_has_no_memory,
      integers_of_every_size_are_written,
      it_fills_up_to_its_maximum_and_no_further,
      after_a_failure_nothing_more_is_taken,
      without_memory_it_keeps_what_it_had, a_size_that_overflows_is_too_large,
      dropping_moves_the_rest_to_the_front)
