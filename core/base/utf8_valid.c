/*
** utf8_valid.c -- is a whole text UTF-8? Thirty-two bytes at a time.
**
** Whether two bytes may follow one another shows in three of their half bytes:
** both halves of the first and the upper one of the second. Three tables of
** sixteen say for each half which mistakes it does not rule out; a mistake that
** none of the three rules out was made. What is left is the third and fourth
** byte of a character, which must be, and must not be but there, where a first
** byte two or three places before asks for them. (John Keiser and Daniel
** Lemire, "Validating UTF-8 in less than one instruction per byte", 2020.)
**
** The wide way only says that all is well up to some character; the careful
** one goes on from there, to the end or to what is wrong.
*/
#include "base/utf8.h"

#include "base/eight.h"

#if defined(__x86_64__)
#include <immintrin.h>

#define AVX2 __attribute__((target("avx2")))
#define WIDE 32

enum mistake {
    SHORT = 1,      /* a first byte, and then no continuation */
    LONG = 2,       /* ASCII, and then a continuation */
    OVER3 = 4,      /* e0, and then below a0 */
    LARGE = 8,      /* f4 and more, and then above 8f */
    SURROGATE = 16, /* ed, and then above 9f */
    OVER2 = 32,     /* c0 or c1 */
    OVER4 = 64,     /* f0, and then below 90; f5 and more, and then 8x */
    TWO = 128,      /* two continuations, which may be well */
    ANY = SHORT | LONG | TWO
};

#define MIXED (LONG | OVER2 | TWO)

/* What the upper half of the first, the lower half of the first and the upper
** half of the second byte do not rule out. */
static const unsigned char tables[3][16] = {
    {LONG, LONG, LONG, LONG, LONG, LONG, LONG, LONG, TWO, TWO, TWO, TWO,
     SHORT | OVER2, SHORT, SHORT | OVER3 | SURROGATE, SHORT | LARGE | OVER4},
    {ANY | OVER2 | OVER3 | OVER4, ANY | OVER2, ANY, ANY, ANY | LARGE,
     ANY | LARGE | OVER4, ANY | LARGE | OVER4, ANY | LARGE | OVER4,
     ANY | LARGE | OVER4, ANY | LARGE | OVER4, ANY | LARGE | OVER4,
     ANY | LARGE | OVER4, ANY | LARGE | OVER4, ANY | LARGE | OVER4 | SURROGATE,
     ANY | LARGE | OVER4, ANY | LARGE | OVER4},
    {SHORT, SHORT, SHORT, SHORT, SHORT, SHORT, SHORT, SHORT,
     MIXED | OVER3 | OVER4, MIXED | OVER3 | LARGE, MIXED | SURROGATE | LARGE,
     MIXED | SURROGATE | LARGE, SHORT, SHORT, SHORT, SHORT},
};

AVX2 static inline __m256i load(const void *p)
{
    return _mm256_loadu_si256((const __m256i *)p);
}

AVX2 static inline __m256i asked(int table, __m256i halves)
{
    __m128i one = _mm_loadu_si128((const __m128i *)tables[table]);
    __m256i both = _mm256_broadcastsi128_si256(one);
    __m256i half = _mm256_and_si256(halves, _mm256_set1_epi8(0x0f));
    return _mm256_shuffle_epi8(both, half);
}

/* Not zero where something is wrong at or before a byte of the block at p,
** which has three more bytes before it. */
AVX2 static inline __m256i wrong_at(const char *p)
{
    __m256i now = load(p), before = load(p - 1);
    __m256i pairs =
        _mm256_and_si256(asked(0, _mm256_srli_epi16(before, 4)),
                         _mm256_and_si256(asked(1, before),
                                          asked(2, _mm256_srli_epi16(now, 4))));
    __m256i third = _mm256_subs_epu8(load(p - 2), _mm256_set1_epi8(0x60));
    __m256i fourth = _mm256_subs_epu8(load(p - 3), _mm256_set1_epi8(0x70));
    __m256i must = _mm256_and_si256(_mm256_or_si256(third, fourth),
                                    _mm256_set1_epi8((char)0x80));
    return _mm256_xor_si256(must, pairs);
}

/* How far all is well, in whole blocks; the last character may be cut. `at` is
** the end of good text of at least three bytes. */
AVX2 static size_t skim(str s, size_t at)
{
    for (; s.n - at >= WIDE; at += WIDE) {
        __m256i near = _mm256_or_si256(load(s.p + at), load(s.p + at - 3));
        if (_mm256_movemask_epi8(near) == 0)
            continue;
        __m256i wrong = wrong_at(s.p + at);
        if (!_mm256_testz_si256(wrong, wrong))
            break;
    }
    return at;
}

/* Where the last character that begins before `at` begins. */
static size_t start_of_last(str s, size_t at)
{
    do
        at--;
    while (at > 0 && ((unsigned char)s.p[at] & 0xc0) == 0x80);
    return at;
}
#endif

/* Up to the end, the first mistake, or the first character past `stop`. */
static size_t careful(str s, size_t at, size_t stop)
{
    while (at < s.n && at < stop) {
        if (s.n - at >= 8 && eight_high(eight_at(s.p + at)) == 0) {
            at += 8;
            continue;
        }
        size_t n = utf8_len(str_from(s, at));
        if (n == 0)
            break;
        at += n;
    }
    return at;
}

size_t utf8_valid(str s)
{
    size_t at = 0;
#if defined(__x86_64__)
    if (s.n >= 2 * WIDE && __builtin_cpu_supports("avx2")) {
        at = careful(s, 0, 3);
        if (at >= 3)
            at = start_of_last(s, skim(s, at));
    }
#endif
    return careful(s, at, s.n);
}
