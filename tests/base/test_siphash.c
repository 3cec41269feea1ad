/*
** test_siphash.c -- the hash is the one its authors published.
*/
#include "base/siphash.h"

#include "unit.h"

static const uint64_t key[2] = {UINT64_C(0x0706050403020100),
                                UINT64_C(0x0f0e0d0c0b0a0908)};

/* Of the paper's table: the texts are 00 01 02 ... */
static void the_published_values_come_out(void)
{
    char text[16];
    for (int i = 0; i < 16; i++)
        text[i] = (char)i;
    CHECK(siphash(key, (str){text, 0}) == UINT64_C(0x726fdb47dd0e0e31));
    CHECK(siphash(key, (str){text, 1}) == UINT64_C(0x74f839c593dc67fd));
    CHECK(siphash(key, (str){text, 8}) == UINT64_C(0x93f5f5799a932462));
    CHECK(siphash(key, (str){text, 15}) == UINT64_C(0xa129ca6149be45e5));
}

static void another_key_is_another_hash(void)
{
    const uint64_t other[2] = {1, 2};
    CHECK(siphash(key, STR("sk-one")) != siphash(other, STR("sk-one")));
    CHECK(siphash(key, STR("sk-one")) != siphash(key, STR("sk-two")));
    CHECK(siphash(key, STR_NONE) == siphash(key, STR("")));
}

TESTS(the_published_values_come_out, another_key_is_another_hash)
