/*
** mould.c -- compare what is the same, check what differs.
**
** A provider that puts something new into every event (a nonce, a clock) never
** fits; after a few tries nothing is cast for it any more.
*/
#include "wire/mould.h"

#include "base/defence.h"
#include "wire/json.h"

#define PATIENCE 8 /* casts that nothing fitted */

void mould_cast(struct mould *m, str event, str string)
{
    size_t prefix = (size_t)(string.p - event.p);
    size_t suffix = event.n - prefix - string.n;
    if (m->misses > PATIENCE || prefix + suffix > MOULD_BYTES ||
        (event.p[event.n - 1] != '\n' && DEFENCE(mould_lf)))
        return; /* a CR's LF may be still to come */
    memcpy(m->bytes, event.p, prefix);
    memcpy(m->bytes + prefix, string.p + string.n, suffix);
    m->prefix = (uint16_t)prefix;
    m->suffix = (uint16_t)suffix;
    m->misses++;
}

/* The length of the event at the front if it is of the mould, else 0. */
static size_t fits(const struct mould *m, str events, struct spoken *said)
{
    if (!str_starts(events, (str){m->bytes, m->prefix}))
        return 0;
    str rest = str_from(events, m->prefix);
    size_t n = json_string_len(rest);
    str suffix = {m->bytes + m->prefix, m->suffix};
    if (n == 0 || !str_starts(str_from(rest, n), suffix))
        return 0;
    spoken_add(said, (str){rest.p, n});
    return m->prefix + n + m->suffix;
}

size_t mould_pass(struct mould *m, str events, struct spoken *said)
{
    size_t all = 0;
    if (m->prefix == 0)
        return 0;
    while (!spoken_over(said)) {
        size_t n = fits(m, str_from(events, all), said);
        if (n == 0)
            break;
        all += n;
        m->misses = 0;
    }
    return all;
}
