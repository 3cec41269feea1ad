/*
** eight.h -- eight bytes looked at as one number.
**
** Each question gives a word whose top bits are set in the bytes that are
** meant. It is zero when there are none, and the lowest bit set is right; but for
** eight_all_equal only that may be relied on, since a borrow can set the bit of a
** byte above one that is meant. Alan Mycroft's test for a zero byte, and what follows from it.
*/
#ifndef BASE_EIGHT_H
#define BASE_EIGHT_H

#include <stddef.h>
#include <stdint.h>
#include <string.h>

#define EIGHT_ONES UINT64_C(0x0101010101010101)
#define EIGHT_TOPS UINT64_C(0x8080808080808080)

/* The eight bytes at p. */
static inline uint64_t eight_at(const char *p)
{
    uint64_t x;
    memcpy(&x, p, sizeof x);
    return x;
}

/* The same with the first byte lowest, on any machine. */
static inline uint64_t eight_in_order(const char *p)
{
    uint64_t x = eight_at(p);
#if __BYTE_ORDER__ == __ORDER_BIG_ENDIAN__
    x = __builtin_bswap64(x);
#endif
    return x;
}

/* The n bytes at p (1 to 8), and noughts above them. */
static inline uint64_t eight_few(const char *p, size_t n)
{
    uint64_t x = 0;
    if (n == 8)
        return eight_in_order(p);
    if (n < 4) {
        x = (uint64_t)(unsigned char)p[n / 2] << 8 * (n / 2);
        x |= (uint64_t)(unsigned char)p[n - 1] << 8 * (n - 1);
        return x | (unsigned char)p[0];
    }
    uint32_t low, high; /* they may overlap */
    memcpy(&low, p, sizeof low);
    memcpy(&high, p + n - 4, sizeof high);
#if __BYTE_ORDER__ == __ORDER_BIG_ENDIAN__
    low = __builtin_bswap32(low);
    high = __builtin_bswap32(high);
#endif
    return low | (uint64_t)high << 8 * (n - 4);
}

/* Which of the eight is the lowest that is meant? Not for zero. */
static inline int eight_first(uint64_t meant)
{
    return __builtin_ctzll(meant) / 8;
}

/* Which is the highest? For eight_all_equal, and not for zero. */
static inline int eight_last(uint64_t meant)
{
    return 7 - __builtin_clzll(meant) / 8;
}

/* Is any below n (1 to 128)? */
static inline uint64_t eight_below(uint64_t x, unsigned n)
{
    return (x - EIGHT_ONES * n) & ~x & EIGHT_TOPS;
}

/* Is any equal to c? */
static inline uint64_t eight_equal(uint64_t x, char c)
{
    return eight_below(x ^ EIGHT_ONES * (unsigned char)c, 1);
}

/* Which are equal to c? Every bit is right, at the price of a step more. */
static inline uint64_t eight_all_equal(uint64_t x, char c)
{
    uint64_t y = x ^ EIGHT_ONES * (unsigned char)c;
    return ~(((y & ~EIGHT_TOPS) + ~EIGHT_TOPS) | y | ~EIGHT_TOPS);
}

/* Is any 0x80 or above? */
static inline uint64_t eight_high(uint64_t x)
{
    return x & EIGHT_TOPS;
}

#endif
