/*
** test_utf8.c -- what is UTF-8, one character and whole texts.
**
** The table of well-formed sequences (Unicode, table 3-7) is written down once
** more here, so that the code is not compared with itself.
*/
#include "unit.h"

#include "base/utf8.h"

/* Bytes of the character at the front, by the table; 0 if there is none. */
static size_t by_table(const unsigned char *p, size_t n)
{
    static const struct {
        unsigned char first[2], second[2];
        size_t len;
    } table[] = {
        {{0x00, 0x7f}, {0, 0}, 1},       {{0xc2, 0xdf}, {0x80, 0xbf}, 2},
        {{0xe0, 0xe0}, {0xa0, 0xbf}, 3}, {{0xe1, 0xec}, {0x80, 0xbf}, 3},
        {{0xed, 0xed}, {0x80, 0x9f}, 3}, {{0xee, 0xef}, {0x80, 0xbf}, 3},
        {{0xf0, 0xf0}, {0x90, 0xbf}, 4}, {{0xf1, 0xf3}, {0x80, 0xbf}, 4},
        {{0xf4, 0xf4}, {0x80, 0x8f}, 4},
    };
    for (size_t i = 0; n > 0 && i < sizeof table / sizeof table[0]; i++) {
        size_t len = table[i].len;
        if (p[0] < table[i].first[0] || p[0] > table[i].first[1] || n < len)
            continue;
        if (len > 1 && (p[1] < table[i].second[0] || p[1] > table[i].second[1]))
            continue;
        if ((len > 2 && (p[2] & 0xc0) != 0x80) ||
            (len > 3 && (p[3] & 0xc0) != 0x80))
            continue;
        return len;
    }
    return 0;
}

static size_t valid_by_table(const char *text, size_t n)
{
    const unsigned char *p = (const unsigned char *)text;
    size_t at = 0, len;
    while (at < n && (len = by_table(p + at, n - at)) > 0)
        at += len;
    return at;
}

static void agree(const char *text, size_t n)
{
    CHECK_INT(utf8_valid((str){text, n}), valid_by_table(text, n));
}

static void every_first_three_bytes_are_judged_by_the_table(void)
{
    unsigned char p[4] = {0};
    for (unsigned i = 0; i < 1u << 24; i += i % 4096 == 4095 ? 1 : 3) {
        p[0] = (unsigned char)(i >> 16);
        p[1] = (unsigned char)(i >> 8);
        p[2] = (unsigned char)i;
        p[3] = (unsigned char)(i % 5 == 0 ? 'a' : 0x80 + i % 64);
        if (utf8_len((str){(char *)p, 4}) != by_table(p, 4)) {
            printf("#    %02x %02x %02x %02x\n", p[0], p[1], p[2], p[3]);
            CHECK(!"judged by the table");
            return;
        }
    }
}

/* In a long text every pair of bytes, and the third, at many a place. */
static void a_long_text_is_judged_as_its_characters_are(void)
{
    for (unsigned pair = 0; pair < 0x10000; pair++) {
        char text[160];
        size_t at = 40 + pair % 67;
        memset(text, pair % 3 == 0 ? 'a' : '\0', sizeof text);
        text[at] = (char)(pair >> 8);
        text[at + 1] = (char)pair;
        if (pair % 2 == 0)
            text[at + 2] = '\x80';
        if (pair % 4 == 0)
            text[at + 3] = '\xbf';
        agree(text, sizeof text);
    }
}

static unsigned chance(unsigned below)
{
    static unsigned seed = 2463534242u;
    seed ^= seed << 13;
    seed ^= seed >> 17;
    seed ^= seed << 5;
    return seed % below;
}

/* Good text of characters of all lengths. */
static size_t good(char *to, size_t n)
{
    size_t at = 0, kind = chance(6);
    while (n - at >= 4) {
        static const uint32_t from[] = {0x20, 0x80, 0x800, 0xe000, 0x10000};
        static const uint32_t many[] = {0x60, 0x780, 0xd000, 0x2000, 0x100000};
        size_t i = kind < 5 && chance(9) > 0 ? kind : chance(5);
        at += utf8_put(from[i] + chance(many[i]), to + at);
    }
    return at;
}

static void one_byte_that_is_changed_is_found_in_any_text(void)
{
    for (int round = 0; round < 60000; round++) {
        char text[300];
        size_t n = good(text, 8 + chance(sizeof text - 8));
        CHECK_INT(utf8_valid((str){text, n}), n);
        text[chance((unsigned)n)] = (char)chance(256);
        agree(text, n);
        agree(text, chance((unsigned)n)); /* cut */
    }
}

static void a_cut_character_at_the_end_is_not_whole(void)
{
    for (size_t len = 60; len < 140; len++)
        for (size_t cut = 1; cut < 4; cut++) {
            char *text = mem_alloc(len); /* so that a read past it is seen */
            memset(text, 'a', len);
            memcpy(text + len - cut, "\xf0\x9f\x98\x80", cut);
            CHECK_INT(utf8_valid((str){text, len}), len - cut);
            mem_free(text);
        }
    CHECK_INT(utf8_valid(STR("")), 0);
}

TESTS(every_first_three_bytes_are_judged_by_the_table,
      a_long_text_is_judged_as_its_characters_are,
      one_byte_that_is_changed_is_found_in_any_text,
      a_cut_character_at_the_end_is_not_whole)
