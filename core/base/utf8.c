/*
** utf8.c -- the table of well-formed byte sequences, as code.
**
** The first byte says how many follow; overlong forms, surrogates and values
** past U+10FFFF all show in the second byte, so only its range varies.
*/
#include "base/utf8.h"

static bool within(char c, unsigned low, unsigned high)
{
    unsigned u = (unsigned char)c;
    return u >= low && u <= high;
}

static bool follows(str s, size_t from, size_t to)
{
    for (size_t i = from; i < to; i++)
        if (!within(s.p[i], 0x80, 0xbf))
            return false;
    return true;
}

static size_t three(str s, unsigned first)
{
    unsigned low = first == 0xe0 ? 0xa0 : 0x80;
    unsigned high = first == 0xed ? 0x9f : 0xbf;
    if (s.n < 3 || !within(s.p[1], low, high) || !follows(s, 2, 3))
        return 0;
    return 3;
}

static size_t four(str s, unsigned first)
{
    unsigned low = first == 0xf0 ? 0x90 : 0x80;
    unsigned high = first == 0xf4 ? 0x8f : 0xbf;
    if (s.n < 4 || !within(s.p[1], low, high) || !follows(s, 2, 4))
        return 0;
    return 4;
}

size_t utf8_len(str s)
{
    if (s.n == 0)
        return 0;
    unsigned first = (unsigned char)s.p[0];
    if (first < 0x80)
        return 1;
    if (first >= 0xc2 && first <= 0xdf)
        return s.n >= 2 && follows(s, 1, 2) ? 2 : 0;
    if (first >= 0xe0 && first <= 0xef)
        return three(s, first);
    if (first >= 0xf0 && first <= 0xf4)
        return four(s, first);
    return 0;
}

size_t utf8_put(uint32_t c, char *to)
{
    if (c < 0x80) {
        to[0] = (char)c;
        return 1;
    }
    size_t n = c < 0x800 ? 2 : c < 0x10000 ? 3 : 4;
    for (size_t i = n - 1; i > 0; i--) {
        to[i] = (char)(0x80 | (c & 0x3f));
        c >>= 6;
    }
    static const unsigned char mark[] = {0, 0, 0xc0, 0xe0, 0xf0};
    to[0] = (char)(mark[n] | c);
    return n;
}
