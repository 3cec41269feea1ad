/*
** siphash.c -- two rounds for every eight bytes, four at the end.
*/
#include "base/siphash.h"

#include "base/eight.h"

struct state {
    uint64_t a, b, c, d;
};

static uint64_t turned(uint64_t x, int bits)
{
    return x << bits | x >> (64 - bits);
}

static void rounds(struct state *s, int n)
{
    while (n-- > 0) {
        s->a += s->b;
        s->c += s->d;
        s->b = turned(s->b, 13) ^ s->a;
        s->d = turned(s->d, 16) ^ s->c;
        s->a = turned(s->a, 32);
        s->c += s->b;
        s->a += s->d;
        s->b = turned(s->b, 17) ^ s->c;
        s->d = turned(s->d, 21) ^ s->a;
        s->c = turned(s->c, 32);
    }
}

static void take(struct state *s, uint64_t w)
{
    s->d ^= w;
    rounds(s, 2);
    s->a ^= w;
}

uint64_t siphash(const uint64_t key[2], str text)
{
    struct state s = {key[0] ^ UINT64_C(0x736f6d6570736575),
                      key[1] ^ UINT64_C(0x646f72616e646f6d),
                      key[0] ^ UINT64_C(0x6c7967656e657261),
                      key[1] ^ UINT64_C(0x7465646279746573)};
    size_t at = 0;
    for (; text.n - at >= 8; at += 8)
        take(&s, eight_in_order(text.p + at));
    size_t left = text.n - at;
    uint64_t last = left > 0 ? eight_few(text.p + at, left) : 0;
    take(&s, last | (uint64_t)text.n << 56);
    s.c ^= 0xff;
    rounds(&s, 4);
    return s.a ^ s.b ^ s.c ^ s.d;
}
