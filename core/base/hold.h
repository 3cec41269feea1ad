/*
** hold.h -- how much memory bodies may take, and how much they take now.
**
**     0 ----------------- inlet ------------ max
**     |  used             |  for replies     |
**
** What comes in from clients may fill the hold up to `inlet` only, so that
** replies, which are paid for, find room. Of the room that is left nobody may
** hold more than stays free: a few large bodies pass, and a thousand that
** compete get small shares, beside which a small request always passes.
**
** Everybody who owns bodies keeps a `share`, what he was charged, and says
** anew what he holds whenever that may have changed. One thread.
*/
#ifndef BASE_HOLD_H
#define BASE_HOLD_H

#include <stdbool.h>
#include <stddef.h>

#include "base/defence.h"

struct hold {
    size_t used, max; /* bytes; max 0 = no limit */
};

/* Charge the owner of *share with `now` bytes in place of what he had. */
static inline void hold_set(struct hold *h, size_t *share, size_t now)
{
    h->used += now - *share;
    *share = now;
}

/* Is there room for `more` bytes of a reply? */
static inline bool hold_has(const struct hold *h, size_t more)
{
    return h->max == 0 || !DEFENCE(max_memory) ||
           (h->used <= h->max && more <= h->max - h->used);
}

/* May one who holds `share` take in `more` bytes from a client? */
static inline bool hold_admits(const struct hold *h, size_t share, size_t more)
{
    size_t inlet = h->max - h->max / 4;
    size_t room = h->used < inlet ? inlet - h->used : 0;
    if (h->max == 0 || !DEFENCE(max_memory))
        return true;
    return more <= room &&
           (share + more <= room - more || !DEFENCE(fair_shares));
}

#endif
