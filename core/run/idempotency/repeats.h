/*
** repeats.h -- what all workers know of answers that may be asked for again.
**
**     a request --mark, print--> [flights]  who runs it now, who waits
**                       \------> [idem]     the answers of before, on the disk
**
** It is the realm's: reloads keep it, and the store outlives the process. Where
** the store cannot be had requests are run as if nothing were kept, and only
** those that come at the same time share an answer. A realm that is to have no
** store has a shelf. [any thread]
*/
#ifndef RUN_IDEMPOTENCY_REPEATS_H
#define RUN_IDEMPOTENCY_REPEATS_H

#include "run/idempotency/flights.h"
#include "run/idempotency/shelf.h"
#include "run/runtime.h"

#define REPEATS_MOST ((size_t)64 << 20) /* bytes of answers being recorded */

struct repeats {
    struct flights flights;
    pthread_mutex_t opening; /* of the seven below */
    struct mac_maker *maker; /* under the secret; NULL: there is none yet */
    struct mac_maker *older; /* from before the store; may be in use still */
    struct shelf shelf;
    bool open, seeded; /* is there a store; a secret */
    nanos tried;       /* to open it */
    struct idem idem;
    atomic_size_t recording; /* bytes */
    atomic_int trouble;      /* of what was written last; STORE_OK: none */
};

/* The realm's; NULL when there is no memory. */
struct repeats *repeats_of(struct realm *realm);

/* What somebody wants done once, as marks are made of it. */
struct repeats_ask {
    str caller; /* who asks, as far as can be proven */
    char origin;
    str key;      /* his name for it */
    str endpoint; /* where he asks, */
    str body;     /* and what */
};

/* The mark and the print of it; opens the store if that can be done. False: no
** memory. */
bool repeats_marks(struct repeats *p, struct runtime *rt,
                   const struct repeats_ask *ask, struct mac *mark,
                   struct mac *print);

/* The answer under a mark, held for the caller; NULL: there is none, or it cannot
** be read. False: no memory to know. */
bool repeats_find(struct repeats *p, struct runtime *rt, const struct mac *mark,
                  struct idem_answer **answer);

/* May so many more bytes be recorded? Give them back with repeats_unrecord. */
bool repeats_record(struct repeats *p, size_t n);
void repeats_unrecord(struct repeats *p, size_t n);

/* What somebody's run came to. */
struct repeats_end {
    struct flight_seat *seat;
    const struct mac *mark;
    struct idem_answer *answer;
    nanos ttl; /* how long it is kept */
};

/* Hand the answer to those who wait, and keep it. False: it is not kept. */
bool repeats_land(struct repeats *p, struct runtime *rt,
                  const struct repeats_end *end);

#endif
