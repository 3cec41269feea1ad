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

TESTS(every_byte_is_found_at_every_place, the_first_of_several_is_told)
