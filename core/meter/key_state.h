/*
** key_state.h -- what is known of one key of a provider: may it be used?
**
**     fine --limited--> away until its time, then fine for everybody
**      ^ ---refused---> away for ten minutes, then one may try it:
**      |    (or spent)  '--> it works: fine     '--> it does not: away again
**      '------------------'
**
** A limited key comes back by itself. One that was refused, or whose account
** is empty, comes back when somebody mends it, which nobody tells us: so one
** request in ten minutes finds out.
**
** The time is brought in. [any thread: atomics; all zeroes is a fine key]
*/
#ifndef METER_KEY_STATE_H
#define METER_KEY_STATE_H

#include <stdatomic.h>
#include <stdbool.h>

#include "base/nanos.h"

enum key_trouble { KEY_FINE, KEY_LIMITED, KEY_SPENT, KEY_REFUSED };

struct key_state {
    atomic_int_least64_t until; /* away until then; 0: never was */
    atomic_int trouble;
    atomic_uint told; /* bits by trouble */
};

/* How long until it may be used: 0 is now. */
nanos key_wait(struct key_state *k, nanos now);

/* May it be used now? Of a key that was refused true is said to one, who has
** half a minute to find out. */
bool key_take(struct key_state *k, nanos now);

/* It is in trouble. `wait` is what the provider said; 0: it said nothing. */
void key_troubled(struct key_state *k, enum key_trouble trouble, nanos wait,
                  nanos now);

/* It was accepted. */
void key_works(struct key_state *k);

/* True for the first who asks this of a key: so that it is told once. */
bool key_untold(struct key_state *k, enum key_trouble trouble);

#endif
