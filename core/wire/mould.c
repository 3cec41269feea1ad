/*
** mould.c -- compare what is the same, check what differs.
**
** A provider that puts something new into every event (a nonce, a clock) never
** fits; after a few tries nothing is cast for it any more.
*/
#include "wire/mould.h"

#include "wire/json.h"

#define PATIENCE 8 /* misses in a row */

void mould_cast(struct mould *m, str data, str string)
{
    size_t prefix = (size_t)(string.p - data.p);
    size_t suffix = data.n - prefix - string.n;
    if (m->misses > PATIENCE || prefix + suffix > MOULD_BYTES)
        return;
    memcpy(m->bytes, data.p, prefix);
    memcpy(m->bytes + prefix, string.p + string.n, suffix);
    m->prefix = (uint16_t)prefix;
    m->suffix = (uint16_t)suffix;
}

static bool same_around(const struct mould *m, str data)
{
    size_t around = (size_t)m->prefix + m->suffix;
    return around > 0 && data.n >= around + 2 &&
           memcmp(data.p, m->bytes, m->prefix) == 0 &&
           memcmp(data.p + data.n - m->suffix, m->bytes + m->prefix,
                  m->suffix) == 0;
}

bool mould_fits(struct mould *m, str data, str *string)
{
    struct json_error ignored;
    if (m->prefix == 0)
        return false;
    if (same_around(m, data)) {
        *string = (str){data.p + m->prefix, data.n - m->prefix - m->suffix};
        if (string->p[0] == '"' && json_check(*string, &ignored)) {
            m->misses = 0;
            return true;
        }
    }
    m->misses++;
    return false;
}
