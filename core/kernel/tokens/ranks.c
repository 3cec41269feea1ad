/*
** ranks.c -- a hash table without keys: the slot names the token, and the token
** has the bytes.
**
** Fourteen bits of the hash in the slot tell nearly all that are not meant, so
** that what is no token is mostly refused without a look at any bytes. The
** table never changes, so there is nothing that chosen texts could make slow.
*/
#include "kernel/tokens/ranks.h"

#include "base/eight.h"
#include "base/err.h"
#include "base/mem.h"
#include "kernel/tokens/letters.h"

#define PAIRS     65536
#define RANK_BITS 18
#define RANK_MASK ((1u << RANK_BITS) - 1)

/* One to three bytes as a number. */
static uint64_t few_bytes(const char *p, size_t n)
{
    return (uint64_t)(unsigned char)p[0] << 16 |
           (uint64_t)(unsigned char)p[n / 2] << 8 | (unsigned char)p[n - 1];
}

static uint64_t four_bytes(const char *p)
{
    uint32_t x;
    memcpy(&x, p, sizeof x);
    return x;
}

static uint64_t mixed(uint64_t h, uint64_t x)
{
    h = (h ^ x) * 0x9e3779b97f4a7c15u;
    return h ^ h >> 32;
}

static inline uint64_t hash_of(str s)
{
    const char *p = s.p;
    uint64_t h = s.n * 0xc2b2ae3d27d4eb4fu;
    if (s.n < 4)
        return mixed(h, few_bytes(p, s.n));
    if (s.n < 8)
        return mixed(h, four_bytes(p) << 32 | four_bytes(p + s.n - 4));
    for (size_t n = s.n; n > 8; n -= 8, p += 8)
        h = mixed(h, eight_at(p));
    return mixed(h, eight_at(s.p + s.n - 8));
}

/* The same n bytes? Up to sixteen, which nearly all are, by two looks that
** may overlap. */
static bool same(const char *a, const char *b, size_t n)
{
    if (n > 16)
        return memcmp(a, b, n) == 0;
    if (n >= 8)
        return eight_at(a) == eight_at(b) &&
               eight_at(a + n - 8) == eight_at(b + n - 8);
    if (n >= 4)
        return four_bytes(a) == four_bytes(b) &&
               four_bytes(a + n - 4) == four_bytes(b + n - 4);
    return few_bytes(a, n) == few_bytes(b, n);
}

static uint32_t tag_of(uint64_t h)
{
    return (uint32_t)(h >> 40) << RANK_BITS;
}

/* The slot of these bytes, or the empty one where they would stand. */
static uint32_t *slot_of(const struct ranks *r, str bytes, uint64_t h)
{
    uint32_t tag = tag_of(h);
    size_t i = h & r->mask;
    for (; r->slots[i] != 0; i = (i + 1) & r->mask) {
        if ((r->slots[i] & ~RANK_MASK) != tag)
            continue;
        str known = ranks_bytes(r, (r->slots[i] & RANK_MASK) - 1);
        if (known.n == bytes.n && same(known.p, bytes.p, bytes.n))
            break;
    }
    return &r->slots[i];
}

uint32_t ranks_find(const struct ranks *r, str bytes)
{
    if (bytes.n > r->longest)
        return RANK_NONE;
    uint32_t slot = *slot_of(r, bytes, hash_of(bytes));
    return slot != 0 ? (slot & RANK_MASK) - 1 : RANK_NONE;
}

/* --- reading ---------------------------------------------------------------- */

static int digit(char c)
{
    if (c >= 'A' && c <= 'Z')
        return c - 'A';
    if (c >= 'a' && c <= 'z')
        return c - 'a' + 26;
    if (c >= '0' && c <= '9')
        return c - '0' + 52;
    return c == '+' ? 62 : c == '/' ? 63 : -1;
}

/* Decode base64 to `to`, which has room; how many bytes, 0 when it is none. */
static size_t decode(str s, char *to)
{
    size_t n = 0;
    if (s.n == 0 || s.n % 4 != 0)
        return 0;
    size_t pad = s.p[s.n - 1] != '=' ? 0 : s.p[s.n - 2] != '=' ? 1 : 2;
    for (size_t i = 0; i < s.n; i += 4) {
        int group = 0;
        for (size_t k = i; k < i + 4; k++) {
            int d = k >= s.n - pad ? 0 : digit(s.p[k]);
            if (d < 0)
                return 0;
            group = group << 6 | d;
        }
        to[n++] = (char)(group >> 16);
        to[n++] = (char)(group >> 8);
        to[n++] = (char)group;
    }
    return n - pad;
}

static int put(struct ranks *r, uint32_t rank)
{
    str bytes = ranks_bytes(r, rank);
    uint64_t h = hash_of(bytes);
    uint32_t *slot = slot_of(r, bytes, h);
    if (*slot != 0)
        return ERR_INPUT;
    *slot = tag_of(h) | (rank + 1);
    if (bytes.n == 2)
        r->pairs[(size_t)(unsigned char)bytes.p[0] << 8 |
                 (unsigned char)bytes.p[1]] = rank;
    return 0;
}

static int take_line(struct ranks *r, str line)
{
    size_t blank = str_find(line, ' ');
    if (blank == line.n ||
        str_number(str_from(line, blank + 1), RANKS_MOST) != (int64_t)r->n)
        return ERR_INPUT;
    size_t n = decode((str){line.p, blank}, r->bytes + r->at[r->n]);
    if (n == 0 || n > RANKS_LONGEST)
        return n == 0 ? ERR_INPUT : ERR_LIMIT;
    r->at[r->n + 1] = r->at[r->n] + (uint32_t)n;
    r->longest = n > r->longest ? n : r->longest;
    return put(r, r->n++);
}

static int take_lines(struct ranks *r, str file)
{
    int error = 0;
    while (file.n > 0 && error == 0) {
        size_t n = str_find(file, '\n');
        error = take_line(r, (str){file.p, n});
        file = str_from(file, n < file.n ? n + 1 : n);
    }
    return error;
}

static int has_all_bytes(const struct ranks *r)
{
    for (int c = 0; c < 256; c++)
        if (ranks_find(r, (str){&(char){(char)c}, 1}) == RANK_NONE)
            return ERR_INPUT;
    return 0;
}

static uint32_t count_lines(str file)
{
    uint32_t n = 0;
    while (file.n > 0 && n <= RANKS_MOST) {
        size_t line = str_find(file, '\n');
        file = str_from(file, line < file.n ? line + 1 : line);
        n++;
    }
    return n;
}

static int make_room(struct ranks *r, uint32_t lines, size_t bytes)
{
    size_t slots = 512;
    while (slots < (size_t)lines * 5 / 4)
        slots *= 2;
    r->mask = slots - 1;
    r->at = mem_zero((lines + (size_t)1) * sizeof *r->at);
    r->slots = mem_zero(slots * sizeof *r->slots);
    r->bytes = mem_alloc(bytes);
    r->pairs = mem_alloc(PAIRS * sizeof *r->pairs);
    if (r->at == NULL || r->slots == NULL || r->bytes == NULL ||
        r->pairs == NULL)
        return ERR_MEMORY;
    memset(r->pairs, 0xff, PAIRS * sizeof *r->pairs); /* RANK_NONE */
    return 0;
}

int ranks_read(struct ranks *r, str file)
{
    *r = (struct ranks){0};
    uint32_t lines = count_lines(file);
    if (lines > RANKS_MOST || file.n > UINT32_MAX)
        return ERR_LIMIT;
    int error = make_room(r, lines, file.n + 1);
    if (error == 0)
        error = take_lines(r, file);
    if (error == 0)
        error = has_all_bytes(r);
    if (error != 0) {
        ranks_fini(r);
        return error;
    }
    char *fitting = mem_resize(r->bytes, r->at[r->n]);
    r->bytes = fitting != NULL ? fitting : r->bytes;
    letters_learn(r);
    return 0;
}

void ranks_fini(struct ranks *r)
{
    mem_free(r->at);
    mem_free(r->slots);
    mem_free(r->pairs);
    mem_free(r->bytes);
    *r = (struct ranks){0};
}
