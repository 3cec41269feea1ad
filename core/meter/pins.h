/*
** pins.h -- who answered whom: a table that forgets.
**
**     key (a session, a tool call)  ->  target (a number), until when
**
** At most `most` pins, 45 bytes each: 4.5 MB when all 100,000 are there, and
** nothing before the first. What is oldest leaves for what is new. Keys are
** kept as a keyed hash and nothing else, so no session's name is in memory, and
** nobody outside can choose names that collide.
**
** Times are brought in. It has a lock of its own. [any thread]
*/
#ifndef METER_PINS_H
#define METER_PINS_H

#include <pthread.h>

#include "base/nanos.h"
#include "base/str.h"

#define PINS_MOST 100000

struct pin;

struct pins {
    pthread_mutex_t lock;
    uint64_t seed[2]; /* of the hash; zero: not chosen yet */
    uint32_t most;
    struct pin *at; /* at[0] is the head of the list by age, and holds no pin */
    uint32_t n, cap;
    uint32_t *slots; /* by hash, a power of two */
    uint32_t slots_n;
};

/* In zeroed memory; and the end of all it holds. */
void pins_init(void *pins);
void pins_fini(void *pins);

/* Choose how keys are hashed, from chance; only the first time counts. */
void pins_seed(struct pins *p, const uint64_t dice[2]);

/* Pin a key to a target until then, the youngest of all. Without memory it is
** not remembered. */
void pins_put(struct pins *p, str key, uint64_t target, nanos now, nanos until);

/* The target of a key, or 0. */
uint64_t pins_get(struct pins *p, str key, nanos now);

/* How many there are. */
uint32_t pins_count(struct pins *p);

#endif
