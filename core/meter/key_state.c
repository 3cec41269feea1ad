/*
** key_state.c -- one number, until when it is away, and why.
**
** The two are set one after the other; who reads between them takes a limited
** key for a refused one, or the other way round, for that once.
*/
#include "meter/key_state.h"

#include "base/defence.h"

#define LIMITED (NANOS_S)             /* when the provider does not say */
#define REFUSED (600 * NANOS_S)       /* of a refused or a spent one */
#define LONGEST (24 * 3600 * NANOS_S) /* whatever the provider says */
#define TRIAL   (30 * NANOS_S)        /* for the one who finds out */

nanos key_wait(struct key_state *k, nanos now)
{
    nanos until = atomic_load(&k->until);
    return until > now ? until - now : 0;
}

bool key_take(struct key_state *k, nanos now)
{
    nanos until = atomic_load(&k->until);
    if (until > now)
        return !DEFENCE(keys_away);
    if (until == 0 || atomic_load(&k->trouble) <= KEY_LIMITED)
        return true;
    return !DEFENCE(key_trial) ||
           atomic_compare_exchange_strong(&k->until, &until, now + TRIAL);
}

static nanos away(enum key_trouble trouble, nanos wait)
{
    if (trouble == KEY_REFUSED || (trouble == KEY_SPENT && wait <= 0))
        return REFUSED;
    if (wait <= 0)
        return LIMITED;
    return wait < LONGEST ? wait : LONGEST;
}

void key_troubled(struct key_state *k, enum key_trouble trouble, nanos wait,
                  nanos now)
{
    nanos until = now + away(trouble, wait);
    nanos before = atomic_load(&k->until);
    while (before < until) /* a lesser trouble takes nothing back */
        if (atomic_compare_exchange_weak(&k->until, &before, until)) {
            atomic_store(&k->trouble, (int)trouble);
            return;
        }
}

void key_works(struct key_state *k)
{
    if (atomic_load(&k->trouble) <= KEY_LIMITED)
        return; /* the limit holds for its time */
    atomic_store(&k->trouble, KEY_FINE);
    atomic_store(&k->until, 0);
}

bool key_untold(struct key_state *k, enum key_trouble trouble)
{
    unsigned bit = 1u << trouble;
    return !(atomic_fetch_or(&k->told, bit) & bit);
}
