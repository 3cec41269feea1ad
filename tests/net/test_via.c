/*
** test_via.c -- marks of gateways in Via fields.
*/
#include "unit.h"

#include "net/http/via.h"

#define A "perilune-0123456789abcdef"
#define B "perilune-fedcba9876543210"

/* The marks in a value, in brackets. */
static str marks(const char *value)
{
    static char text[256];
    struct buf out = {.p = text, .cap = sizeof text, .max = sizeof text};
    str rest = str_of(value), mark;
    while ((mark = via_next(&rest)).p != NULL)
        buf_print(&out, "[%.*s]", STR_ARG(mark));
    return buf_str(&out);
}

static void a_mark_is_the_number_in_hex(void)
{
    char mark[VIA_MARK_LEN + 1];
    via_mark(0x0123456789abcdef, mark);
    CHECK_STR(str_of(mark), A);
    via_mark(1, mark);
    CHECK_STR(str_of(mark), "perilune-0000000000000001");
}

static void marks_are_found_among_others(void)
{
    CHECK_STR(marks("1.1 " A), "[" A "]");
    CHECK_STR(marks("1.0 squid, 1.1 " A ",HTTP/1.1 " B " (a comment), 1.1 x"),
              "[" A "][" B "]");
    CHECK_STR(marks("  1.1\t" A "  "), "");
    CHECK_STR(marks("1.1   " A ",,, ,1.1 " A), "[" A "][" A "]");
}

static void what_only_looks_like_a_mark_is_none(void)
{
    CHECK_STR(marks(""), "");
    CHECK_STR(marks(A), "");
    CHECK_STR(marks("1.1 " A "0"), "");
    CHECK_STR(marks("1.1 perilune-0123456789abcde"), "");
    CHECK_STR(marks("1.1 perilune-0123456789abcdeg"), "");
    CHECK_STR(marks("1.1 Perilune-0123456789abcdef"), "");
    CHECK_STR(marks("1.1 perilune-\x01\x02\xff"), "");
}

static void marks_are_put_in_a_row(void)
{
    struct buf out;
    buf_init(&out, 100);
    via_put(&out, STR(A));
    via_put(&out, STR(B));
    CHECK_STR(buf_str(&out), "1.1 " A ", 1.1 " B);
    CHECK_STR(marks("1.1 " A ", 1.1 " B), "[" A "][" B "]");
    buf_fini(&out);
}

TESTS(a_mark_is_the_number_in_hex, marks_are_found_among_others,
      what_only_looks_like_a_mark_is_none, marks_are_put_in_a_row)
