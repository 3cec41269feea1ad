/*
** test_json_bits.c -- all ways of looking at bytes see the same.
**
** Beside them stands the plain way, which reads a byte after the other.
*/
#include "unit.h"

#include "wire/json/json_parts.h"

static uint64_t seed = 88172645463325252u;

static uint64_t chance(void)
{
    seed ^= seed << 13;
    seed ^= seed >> 7;
    seed ^= seed << 17;
    return seed;
}

#define BLOCKS 3

/* Blocks of text in which the bytes that matter are frequent. */
static void fill(char *text, size_t n)
{
    static const char some[] = "\"\\\\\\\\\\/bfnrtuax0 \n\t\x1f\x80\xff\x7f";
    int rare = (int)(chance() % 8); /* from nothing but these to a few */
    for (size_t i = 0; i < n; i++)
        text[i] = (int)(chance() % 8) >= rare ? some[chance() % sizeof some]
                                              : (char)chance();
}

static void naive(struct json_bits *bits, const char *p, size_t n)
{
    for (size_t i = 0; i < n * 64; i++) {
        unsigned char c = (unsigned char)p[i];
        bool stop = c == '"' || c < 0x20;
        if (bits->carry != 0) /* and here comes what it escapes */
            stop = c == '\0' || strchr("\"\\/bfnrt", c) == NULL;
        bits->carry = bits->carry == 0 && c == '\\';
        bits->slashes |= c == '\\';
        bits->foreign |= c >= 0x80;
        if (i % 64 == 0)
            bits->stop[i / 64] = 0;
        bits->stop[i / 64] |= (uint64_t)stop << i % 64;
    }
}

static void agree(json_look *look, const char *text, uint64_t carry)
{
    struct json_bits one = {.carry = carry}, other = {.carry = carry};
    naive(&one, text, BLOCKS);
    look(&other, text, BLOCKS);
    CHECK(memcmp(one.stop, other.stop, sizeof one.stop) == 0);
    CHECK_INT(one.carry, other.carry);
    CHECK_INT(one.foreign, other.foreign);
    CHECK_INT(one.slashes, other.slashes);
}

static void all_ways_of_looking_agree_with_the_plain_one(void)
{
    int ways = 0;
    for (json_look *const *look = json_looks(); *look != NULL; look++, ways++)
        for (int round = 0; round < 20000; round++) {
            char text[BLOCKS * 64 + 1];
            size_t odd = chance() % 2; /* aligned or not */
            fill(text + odd, BLOCKS * 64);
            agree(*look, text + odd, chance() % 2);
        }
    CHECK(ways >= 1);
    printf("#    %d ways on this machine\n", ways);
}

static void every_byte_is_told_apart_wherever_it_stands(void)
{
    for (json_look *const *look = json_looks(); *look != NULL; look++)
        for (int c = 0; c < 256; c++)
            for (size_t at = 0; at < 128; at += 7) {
                char text[BLOCKS * 64];
                memset(text, 'a', sizeof text);
                text[at] = (char)c;
                agree(*look, text, 0);
                text[at] = '\\';
                text[at + 1] = (char)c;
                agree(*look, text, 0);
            }
}

static void runs_of_backslashes_of_every_length_are_counted(void)
{
    for (json_look *const *look = json_looks(); *look != NULL; look++)
        for (size_t at = 0; at < 70; at++)
            for (size_t n = 1; at + n < BLOCKS * 64; n += 1 + n / 9) {
                char text[BLOCKS * 64];
                memset(text, 'a', sizeof text);
                memset(text + at, '\\', n);
                text[at + n] = '"';
                agree(*look, text, 0);
                agree(*look, text, 1);
            }
}

/* The end may lie anywhere, and nothing behind it is read. */
static void behind_the_end_all_bits_are_set(void)
{
    for (size_t n = 0; n < 200; n++) {
        char *text = mem_alloc(n); /* so that a read past it is seen */
        struct json_bits bits;
        memset(text, 'a', n);
        json_bits_init(&bits, text);
        for (size_t seen = 0; seen <= n; seen += bits.n) {
            json_bits_see(&bits, text + seen, text + n);
            size_t left = n - seen;
            for (size_t i = 0; i < bits.n / 64; i++) {
                size_t in = left > i * 64 ? left - i * 64 : 0;
                uint64_t past = in >= 64 ? 0 : UINT64_MAX << in;
                CHECK(bits.stop[i] == past);
            }
        }
        mem_free(text);
    }
}

TESTS(all_ways_of_looking_agree_with_the_plain_one,
      every_byte_is_told_apart_wherever_it_stands,
      runs_of_backslashes_of_every_length_are_counted,
      behind_the_end_all_bits_are_set)
