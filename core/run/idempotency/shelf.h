/*
** shelf.h -- answers kept in memory, where a realm has no store: in simulated
** worlds, whose lives are short.
**
** At most so many bytes of them; what does not fit is not kept. The owner brings
** the time, by the calendar, and a lock.
*/
#ifndef RUN_IDEMPOTENCY_SHELF_H
#define RUN_IDEMPOTENCY_SHELF_H

#include "store/idem.h"

#define SHELF_MOST ((size_t)16 << 20) /* bytes */

struct shelved;

struct shelf {
    struct shelved *first;
    size_t bytes;
};

/* Everything goes. */
void shelf_fini(struct shelf *s);

/* Keep it until then. False: there is no room, or no memory. */
bool shelf_put(struct shelf *s, const struct mac *mark,
               struct idem_answer *answer, nanos now, nanos until);

/* The answer under a mark, held for the caller, or NULL. */
struct idem_answer *shelf_find(struct shelf *s, const struct mac *mark,
                               nanos now);

#endif
