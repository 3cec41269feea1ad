/*
** row.c -- packing and unpacking.
**
** A name is a length and its bytes; the length is one more than it is, and 0
** for a name that is absent.
*/
#include "store/usage/row.h"

#include "base/siphash.h"

#define LAYOUT 1

void usage_sums_add(struct usage_sums *to, const struct usage_sums *more)
{
    for (int i = 0; i < USAGE_COUNTS; i++) {
        int64_t n = more->of[i] > 0 ? more->of[i] : 0;
        if (__builtin_add_overflow(to->of[i], n, &to->of[i]))
            to->of[i] = INT64_MAX;
    }
}

/* --- numbers --------------------------------------------------------------- */

/* Seven bits a byte, the lowest first; the last has no eighth. */
static void put_number(struct buf *to, uint64_t n)
{
    for (; n >= 0x80; n >>= 7)
        buf_byte(to, (char)(0x80 | (n & 0x7f)));
    buf_byte(to, (char)n);
}

static bool read_number(str *from, uint64_t *n)
{
    *n = 0;
    for (int shift = 0; shift < 63 && from->n > 0; shift += 7) {
        unsigned char byte = (unsigned char)*from->p;
        *from = str_from(*from, 1);
        *n |= (uint64_t)(byte & 0x7f) << shift;
        if (byte < 0x80)
            return true;
    }
    return false;
}

/* --- names ----------------------------------------------------------------- */

str usage_pack(char *packed, const str names[USAGE_NAMES])
{
    struct buf to = {.p = packed, .cap = USAGE_PACKED, .max = USAGE_PACKED};
    for (int i = 0; i < USAGE_NAMES; i++) {
        str name = names[i].n <= USAGE_LONGEST ? names[i] : STR(USAGE_OTHER);
        put_number(&to, name.p != NULL ? name.n + 1 : 0);
        buf_add(&to, name);
    }
    return buf_str(&to);
}

static bool read_names(str *from, str names[USAGE_NAMES])
{
    for (int i = 0; i < USAGE_NAMES; i++) {
        uint64_t n;
        names[i] = STR_NONE;
        if (!read_number(from, &n) || n > USAGE_LONGEST + 1 ||
            (n > 0 && n - 1 > from->n))
            return false;
        if (n == 0)
            continue;
        names[i] = (str){from->p, (size_t)n - 1};
        *from = str_from(*from, (size_t)n - 1);
    }
    return true;
}

bool usage_unpack(str packed, str names[USAGE_NAMES])
{
    return read_names(&packed, names) && packed.n == 0;
}

/* From which level on a name is other. */
static int folds_at(int name, unsigned proven)
{
    if (name == USAGE_KEY || name == USAGE_TEAM)
        return 3;
    if (name == USAGE_MODEL)
        return 2;
    return proven >> name & 1 ? 3 : 1;
}

str usage_fold(char *to, str packed, unsigned proven, int level)
{
    str names[USAGE_NAMES];
    usage_unpack(packed, names);
    for (int i = 0; i < USAGE_NAMES; i++)
        if (level >= 3 || (names[i].p != NULL && level >= folds_at(i, proven)))
            names[i] = STR(USAGE_OTHER);
    return usage_pack(to, names);
}

/* --- rows ------------------------------------------------------------------ */

str usage_day_key(char key[USAGE_ROW_KEY], int day)
{
    uint32_t n = (uint32_t)day;
    for (int i = 0; i < 4; i++)
        key[i] = (char)(n >> (24 - 8 * i));
    return (str){key, 4};
}

/* Two hashes make one that nobody meets twice by trying. */
void usage_row_key(char key[USAGE_ROW_KEY], int day, str packed)
{
    static const uint64_t keys[2][2] = {{1, 2}, {3, 4}};
    usage_day_key(key, day);
    for (int i = 0; i < 2; i++) {
        uint64_t hash = siphash(keys[i], packed);
        memcpy(key + 4 + 8 * i, &hash, sizeof hash);
    }
}

void usage_row_put(struct buf *to, str packed, const struct usage_sums *sums)
{
    buf_byte(to, LAYOUT);
    buf_add(to, packed);
    buf_byte(to, USAGE_COUNTS);
    for (int i = 0; i < USAGE_COUNTS; i++)
        put_number(to, (uint64_t)sums->of[i]);
}

static bool read_sums(str *from, struct usage_sums *sums)
{
    uint64_t counts, n;
    *sums = (struct usage_sums){{0}};
    if (!read_number(from, &counts))
        return false;
    for (uint64_t i = 0; i < counts; i++) {
        if (!read_number(from, &n))
            return false;
        if (i < USAGE_COUNTS)
            sums->of[i] = (int64_t)n;
    }
    return true;
}

static int read_day(str key)
{
    uint32_t day = 0;
    for (int i = 0; i < 4; i++)
        day = day << 8 | (unsigned char)key.p[i];
    return (int)day;
}

bool usage_row_read(str key, str value, int *day, str *packed,
                    struct usage_sums *sums)
{
    str names[USAGE_NAMES], rest = value;
    if (key.n != USAGE_ROW_KEY || value.n < 1 || value.p[0] != LAYOUT)
        return false;
    rest = str_from(value, 1);
    if (!read_names(&rest, names))
        return false;
    *packed = (str){value.p + 1, (size_t)(rest.p - value.p) - 1};
    *day = read_day(key);
    return read_sums(&rest, sums) && rest.n == 0;
}
