/*
** seal.c -- eight bytes at a time, folded by a multiplication of 128 bits.
*/
#include "store/seal.h"

#define SEED  0x9e3779b97f4a7c15u
#define PRIME 0xd6e8feb86659fd93u

static uint64_t fold(uint64_t a, uint64_t b)
{
    __extension__ typedef unsigned __int128 wide;
    wide product = (wide)a * b;
    return (uint64_t)product ^ (uint64_t)(product >> 64);
}

static uint64_t over(uint64_t h, const char *p, size_t n)
{
    uint64_t word;
    h ^= n;
    for (; n >= sizeof word; p += sizeof word, n -= sizeof word) {
        memcpy(&word, p, sizeof word);
        h = fold(h ^ word, PRIME) + SEED;
    }
    word = 0;
    if (n > 0)
        memcpy(&word, p, n);
    return fold(h ^ word, PRIME) + SEED;
}

static uint32_t seal_of(str key, const char *row, size_t whole)
{
    uint64_t h = over(SEED, key.p, key.n);
    return (uint32_t)(over(h, row + 4, whole - 4) >> 16);
}

void seal_close(char *to, size_t whole, enum seal_kind kind,
                const struct row *row)
{
    memset(to, 0, SEAL_HEAD);
    to[4] = (char)kind;
    memcpy(to + 8, &row->expires, 8);
    uint32_t seal = seal_of(row->key, to, whole);
    memcpy(to, &seal, 4);
}

bool seal_open(str bytes, struct row *row)
{
    uint32_t seal;
    if (bytes.n < SEAL_HEAD)
        return false;
    memcpy(&seal, bytes.p, 4);
    if (seal != seal_of(row->key, bytes.p, bytes.n))
        return false;
    memcpy(&row->expires, bytes.p + 8, 8);
    row->value = STR_NONE;
    row->count = 0;
    if (bytes.p[4] == SEAL_VALUE)
        row->value = str_from(bytes, SEAL_HEAD);
    else if (bytes.p[4] == SEAL_COUNT && bytes.n == SEAL_HEAD + 8)
        memcpy(&row->count, bytes.p + SEAL_HEAD, 8);
    else
        return false;
    return true;
}

size_t seal_expiry(char to[SEAL_EXPIRY], const struct row *row)
{
    for (int i = 0; i < 8; i++)
        to[i] = (char)((uint64_t)row->expires >> (56 - 8 * i));
    memcpy(to + 8, row->table.p, row->table.n);
    to[8 + row->table.n] = '\0';
    memcpy(to + 9 + row->table.n, row->key.p, row->key.n);
    return 9 + row->table.n + row->key.n;
}

bool seal_read_expiry(str bytes, struct row *row)
{
    uint64_t expires = 0;
    if (bytes.n < 10)
        return false;
    for (int i = 0; i < 8; i++)
        expires = expires << 8 | (unsigned char)bytes.p[i];
    str rest = str_from(bytes, 8);
    size_t n = str_find(rest, '\0');
    if (n + 1 >= rest.n)
        return false;
    row->expires = (nanos)expires;
    row->table = (str){rest.p, n};
    row->key = str_from(rest, n + 1);
    return true;
}
