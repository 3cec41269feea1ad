/*
** eight.h -- eight bytes looked at as one number.
**
** Each question gives a word whose top bits are set in the bytes that are
** meant. It is zero when there are none, and the lowest bit set is right; only
** that may be relied on, since a borrow can set the bit of a byte above one that
** is meant. Alan Mycroft's test for a zero byte, and what follows from it.
*/
#ifndef BASE_EIGHT_H
#define BASE_EIGHT_H

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

/* Which of the eight is the lowest that is meant? Not for zero. */
static inline int eight_first(uint64_t meant)
{
    return __builtin_ctzll(meant) / 8;
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

/* Is any 0x80 or above? */
static inline uint64_t eight_high(uint64_t x)
{
    return x & EIGHT_TOPS;
}

#endif
