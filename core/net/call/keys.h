/*
** keys.h -- the keys of a provider, and which of them a call takes.
**
** They take turns; one that is limited, spent or refused is passed over until
** its time has come. What is known of a key is shared by all workers and all
** versions of the policy, under a hash of it; the keys themselves are the
** provider's and die with it.
*/
#ifndef NET_KEYS_H
#define NET_KEYS_H

#include "base/nanos.h"
#include "base/str.h"
#include "meter/key_state.h"
#include "net/call/fault.h"

#define KEYS_MOST 32

struct keys {
    int n;     /* 0: the provider needs no key */
    int field; /* which of the provider's headers holds the first */
    int next;  /* whose turn it is */
    struct {
        str value;               /* the header's whole value */
        struct key_state *state; /* shared; NULL: nothing is remembered */
    } key[KEYS_MOST];
};

/* The key for a call that begins now: its number, counted from 0; -1 when all
** are away. Bits of `but` are keys not to take. One key alone is always it. */
int keys_choose(struct keys *keys, uint32_t but, nanos now);

/* Is there one that could be taken, but for these? */
bool keys_others(struct keys *keys, uint32_t but, nanos now);

/* How long until the first of them may be used; 0: now, or there are none. */
nanos keys_wait(struct keys *keys, nanos now);

/* What came of a call with this key (FAULT_NONE: it worked). */
void keys_learn(struct keys *keys, int key, const struct fault *fault,
                nanos now);

/* The trouble with a key that a fault tells of. */
enum key_trouble keys_trouble(const struct fault *fault);

#endif
