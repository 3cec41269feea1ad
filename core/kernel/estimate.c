/*
** estimate.c -- a table of what the first byte of a character tells.
**
** Quarters of a token for each byte; the bytes behind the first of a character
** are free, so one pass without decoding will do.
*/
#include "kernel/estimate.h"

static int quarters_of(unsigned char c)
{
    if (c >= 0xf0)
        return 8;
    if (c >= 0xe0)
        return 4;
    if (c >= 0xc0)
        return 2;
    if (c >= 0x80)
        return 0;
    bool letter = (c | 0x20) >= 'a' && (c | 0x20) <= 'z';
    return letter || c <= ' ' ? 1 : 2;
}

int64_t estimate_tokens(str text)
{
    unsigned char cost[256];
    for (int c = 0; c < 256; c++)
        cost[c] = (unsigned char)quarters_of((unsigned char)c);
    int64_t quarters = 0;
    for (size_t i = 0; i < text.n; i++)
        quarters += cost[(unsigned char)text.p[i]];
    return (quarters + 3) / 4;
}
