/*
** estimate.c -- a table of what the first byte of a character tells.
**
** Quarters of a token for each byte; the bytes behind the first of a character
** are free, so one pass without decoding will do.
*/
#include "kernel/estimate.h"

/* Sixteen bytes: all alike; the first another; the last five others. */
#define ROW(n)     n, n, n, n, n, n, n, n, n, n, n, n, n, n, n, n
#define HEAD(a, n) a, n, n, n, n, n, n, n, n, n, n, n, n, n, n, n
#define TAIL(n, z) n, n, n, n, n, n, n, n, n, n, n, z, z, z, z, z

static const unsigned char quarters[256] = {
    ROW(1),     ROW(1),     /* control bytes */
    HEAD(1, 2), ROW(2),     /* the space, signs, digits */
    HEAD(2, 1), TAIL(1, 2), /* a sign, capitals, signs */
    HEAD(2, 1), TAIL(1, 2), /* a sign, letters, signs */
    ROW(0),     ROW(0),     /* not the first byte of a character */
    ROW(0),     ROW(0),     /* nor these */
    ROW(2),     ROW(2),     /* the first of two */
    ROW(4),     ROW(8),     /* of three; of four */
};

int64_t estimate_tokens(str text)
{
    int64_t sum = 0;
    for (size_t i = 0; i < text.n; i++)
        sum += quarters[(unsigned char)text.p[i]];
    return (sum + 3) / 4;
}
