/*
** test_eight.c -- what eight bytes are asked together, asked one by one.
*/
#include "base/eight.h"

#include "unit.h"

/* Each byte value at each place, among bytes of another value. */
static int wrong_among(char others)
{
    int wrong = 0;
    for (int c = 0; c < 256; c++)
        for (int at = 0; at < 8; at++) {
            char text[8];
            memset(text, others, sizeof text);
            text[at] = (char)c;
            uint64_t x = eight_at(text);
            wrong += (eight_below(x, ' ') != 0) != (c < ' ');
            wrong += (eight_equal(x, '"') != 0) != (c == '"');
            wrong += (eight_equal(x, 0x7f) != 0) != (c == 0x7f);
            wrong += (eight_high(x) != 0) != (c >= 0x80);
        }
    return wrong;
}

static void every_byte_is_found_at_every_place(void)
{
    CHECK_INT(wrong_among('a'), 0);
    CHECK_INT(wrong_among(' '), 0);
    CHECK_INT(wrong_among('~'), 0);
    CHECK_INT(wrong_among('#'), 0);
}

static void the_first_of_several_is_told(void)
{
    for (size_t first = 0; first < 8; first++)
        for (size_t other = first; other < 8; other++) {
            char text[8];
            memset(text, '#', sizeof text); /* one above what is asked */
            text[first] = text[other] = '"';
            uint64_t hit = eight_equal(eight_in_order(text), '"');
            CHECK_INT(eight_first(hit), first);
        }
}

/* The two that a borrow would tell wrong stand next to one another. */
static void all_that_are_equal_are_told_and_the_last_of_them(void)
{
    for (unsigned set = 1; set < 256; set++) {
        char text[8];
        int last = 0;
        for (int i = 0; i < 8; i++) {
            text[i] = set >> i & 1 ? ' ' : '!';
            last = set >> i & 1 ? i : last;
        }
        uint64_t hit = eight_all_equal(eight_in_order(text), ' ');
        for (int i = 0; i < 8; i++)
            CHECK_INT(hit >> (8 * i) & 0xff, set >> i & 1 ? 0x80 : 0);
        CHECK_INT(eight_last(hit), last);
    }
}

static void fewer_are_read_and_nothing_behind_them(void)
{
    static const char text[] = "\x81"
                               "bcdefgh";
    for (size_t n = 1; n <= 8; n++) {
        char *own = malloc(n); /* whoever reads on is told by ASan */
        memcpy(own, text, n);
        uint64_t x = eight_few(own, n), all = eight_in_order(text);
        CHECK(x == (n < 8 ? all & ((UINT64_C(1) << 8 * n) - 1) : all));
        free(own);
    }
}

TESTS(every_byte_is_found_at_every_place, the_first_of_several_is_told,
      all_that_are_equal_are_told_and_the_last_of_them,
      fewer_are_read_and_nothing_behind_them)
