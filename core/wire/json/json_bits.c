/*
** json_bits.c -- which bytes of a text need a look, as bits.
**
** Nearly all bytes of a request are the insides of strings. Of those a scanner
** cares for the quote that ends the string, for control bytes, and for escapes
** that are not simply two bytes; all others it may pass. So blocks of 64 bytes
** become a word each, in which bits are set for what it cares for, and it hops
** from bit to bit: every byte is loaded once, whatever the text is made of.
**
** The one trick: which byte is escaped depends on how many backslashes stand
** before it. A run of them is a run of bits, and adding the bit at its start
** moves one bit to its end: runs that begin at an even place and end behind an
** even one, and those with odd and odd, have an even length.
**
** There are three ways to look, which agree: eight bytes at a time in plain C,
** sixteen with SSE2, thirty-two with AVX2 where the processor has it.
*/
#include "wire/json/json_parts.h"

#include "base/eight.h"

#define BLOCK 64
#define EVEN  0x5555555555555555u

/* The bytes that are escaped, given the backslashes. *carry: the first one is;
** then, whether the first one of the next block is. */
static uint64_t escaped_of(uint64_t slash, uint64_t *carry)
{
    slash &= ~*carry; /* an escaped one escapes nothing */
    uint64_t follows = slash << 1 | *carry;
    uint64_t odd_starts = slash & ~EVEN & ~follows, moved;
    *carry = __builtin_add_overflow(odd_starts, slash, &moved);
    return (EVEN ^ moved << 1) & follows;
}

/* Of the bits in `which`, those whose bytes make no escape of two bytes. */
static uint64_t no_simple(const char *p, uint64_t which)
{
    uint64_t odd = 0;
    for (uint64_t left = which; left != 0; left &= left - 1)
        if (memchr("\"\\/bfnrt", p[__builtin_ctzll(left)], 8) == NULL)
            odd |= left & -left;
    return odd;
}

/* Gather the highest bits of eight bytes into eight bits. */
static uint64_t pack(uint64_t flags)
{
    return ((flags >> 7 & EIGHT_ONES) * 0x0102040810204080u) >> 56;
}

/* Top bits in the bytes that are zero, all of them right. */
static uint64_t is_zero(uint64_t w)
{
    uint64_t low = ~EIGHT_TOPS;
    return ~(((w & low) + low) | w | low);
}

static void look_plain(struct json_bits *bits, const char *p, size_t n)
{
    for (size_t i = 0; i < n; i++, p += BLOCK) {
        uint64_t stop = 0, slash = 0, all = 0;
        for (int at = 0; at < BLOCK; at += 8) {
            uint64_t w = eight_in_order(p + at);
            uint64_t quote = is_zero(w ^ EIGHT_ONES * '"');
            uint64_t control = is_zero(w & EIGHT_ONES * 0xe0);
            stop |= pack(quote | control) << at;
            slash |= pack(is_zero(w ^ EIGHT_ONES * '\\')) << at;
            all |= w;
        }
        uint64_t escaped = escaped_of(slash, &bits->carry);
        bits->stop[i] = (stop & ~escaped) | no_simple(p, escaped);
        bits->slashes |= slash != 0;
        bits->foreign |= (all & EIGHT_TOPS) != 0;
    }
}

#if defined(__x86_64__)
#include <immintrin.h>

static inline __m128i is16(__m128i v, char c)
{
    return _mm_cmpeq_epi8(v, _mm_set1_epi8(c));
}

static void look_sse2(struct json_bits *bits, const char *p, size_t n)
{
    const __m128i last = _mm_set1_epi8(0x1f);
    __m128i all = _mm_setzero_si128();
    for (size_t i = 0; i < n; i++, p += BLOCK) {
        uint64_t stop = 0, slash = 0;
        for (int at = 0; at < BLOCK; at += 16) {
            __m128i v = _mm_loadu_si128((const __m128i *)(p + at));
            __m128i control = _mm_cmpeq_epi8(_mm_max_epu8(v, last), last);
            __m128i either = _mm_or_si128(is16(v, '"'), control);
            stop |= (uint64_t)_mm_movemask_epi8(either) << at;
            slash |= (uint64_t)_mm_movemask_epi8(is16(v, '\\')) << at;
            all = _mm_or_si128(all, v);
        }
        if ((slash | bits->carry) != 0) {
            uint64_t escaped = escaped_of(slash, &bits->carry);
            stop = (stop & ~escaped) | no_simple(p, escaped);
            bits->slashes |= slash != 0;
        }
        bits->stop[i] = stop;
    }
    bits->foreign |= _mm_movemask_epi8(all) != 0;
}

#define AVX2 __attribute__((target("avx2")))

AVX2 static inline __m256i load(const char *p)
{
    return _mm256_loadu_si256((const __m256i *)p);
}

AVX2 static inline uint32_t bits_of(__m256i v)
{
    return (uint32_t)_mm256_movemask_epi8(v);
}

AVX2 static inline __m256i is32(__m256i v, char c)
{
    return _mm256_cmpeq_epi8(v, _mm256_set1_epi8(c));
}

AVX2 static inline uint32_t stops32(__m256i v)
{
    const __m256i last = _mm256_set1_epi8(0x1f);
    __m256i control = _mm256_cmpeq_epi8(_mm256_max_epu8(v, last), last);
    return bits_of(_mm256_or_si256(is32(v, '"'), control));
}

/* Which bytes are one of "\/bfnrt: the row of a byte (its upper half) and its
** column (the lower) have a bit in common. */
AVX2 static inline uint32_t simple32(__m256i v)
{
    const __m256i row =
        _mm256_setr_epi8(0, 0, 1, 0, 0, 2, 4, 8, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0,
                         1, 0, 0, 2, 4, 8, 0, 0, 0, 0, 0, 0, 0, 0);
    const __m256i column =
        _mm256_setr_epi8(0, 0, 13, 0, 8, 0, 4, 0, 0, 0, 0, 0, 2, 0, 4, 1, 0, 0,
                         13, 0, 8, 0, 4, 0, 0, 0, 0, 0, 2, 0, 4, 1);
    const __m256i half = _mm256_set1_epi8(0x0f);
    __m256i high = _mm256_and_si256(_mm256_srli_epi16(v, 4), half);
    __m256i common = _mm256_and_si256(
        _mm256_shuffle_epi8(row, high),
        _mm256_shuffle_epi8(column, _mm256_and_si256(v, half)));
    return ~bits_of(_mm256_cmpeq_epi8(common, _mm256_setzero_si256()));
}

AVX2 static void look_avx2(struct json_bits *bits, const char *p, size_t n)
{
    __m256i all = _mm256_setzero_si256();
    for (size_t i = 0; i < n; i++, p += BLOCK) {
        __m256i a = load(p), b = load(p + 32);
        uint64_t stop = stops32(a) | (uint64_t)stops32(b) << 32;
        uint64_t slash =
            bits_of(is32(a, '\\')) | (uint64_t)bits_of(is32(b, '\\')) << 32;
        if ((slash | bits->carry) != 0) {
            uint64_t escaped = escaped_of(slash, &bits->carry);
            uint64_t simple = simple32(a) | (uint64_t)simple32(b) << 32;
            stop = (stop & ~escaped) | (escaped & ~simple);
            bits->slashes |= slash != 0;
        }
        bits->stop[i] = stop;
        all = _mm256_or_si256(all, _mm256_or_si256(a, b));
    }
    bits->foreign |= bits_of(all) != 0;
}

json_look *const *json_looks(void)
{
    static json_look *const all[] = {look_avx2, look_sse2, look_plain, NULL};
    return __builtin_cpu_supports("avx2") ? all : all + 1;
}

static void look(struct json_bits *bits, const char *p, size_t n)
{
    if (__builtin_cpu_supports("avx2"))
        look_avx2(bits, p, n);
    else
        look_sse2(bits, p, n);
}
#else
json_look *const *json_looks(void)
{
    static json_look *const all[] = {look_plain, NULL};
    return all;
}

#define look look_plain
#endif

void json_bits_init(struct json_bits *bits, const char *at)
{
    bits->from = at;
    bits->n = 0;
    bits->carry = 0;
    bits->foreign = bits->slashes = false;
}

void json_bits_see(struct json_bits *bits, const char *at, const char *end)
{
    size_t left = (size_t)(end - at), n = 2 * bits->n / BLOCK;
    if (at != bits->from + bits->n)
        bits->carry = 0;
    n = n == 0 ? 1 : n > JSON_BLOCKS ? JSON_BLOCKS : n;
    if (n > left / BLOCK)
        n = left / BLOCK;
    if (n == 0) { /* the last bytes: behind them stand zeros, which stop */
        char last[BLOCK] = {0};
        memcpy(last, at, left);
        look(bits, last, 1);
        n = 1;
    } else {
        look(bits, at, n);
    }
    bits->from = at;
    bits->n = n * BLOCK;
}
