/*
** clients.h -- the clients' keys, as all runtimes of a realm see them.
**
** They are read from the store once and again after each change, whichever
** process made it: a key that is revoked is refused from the next request on.
** Whether there was a change is a look at memory. Only the folder is looked at
** on the disk, once a second: is it there, is it still the same?
**
** Without any key nobody needs one. Where keys cannot be read, nobody comes in.
*/
#ifndef RUN_REALM_CLIENTS_H
#define RUN_REALM_CLIENTS_H

#include "run/realm/realm.h"
#include "store/keys/ring.h"

struct clients;

enum clients_state {
    CLIENTS_OFF,    /* there has never been a key */
    CLIENTS_ON,     /* see the ring */
    CLIENTS_BROKEN, /* there are keys that cannot be read */
};

/* Those of a realm; NULL without memory. */
struct clients *clients_of(struct realm *r);

/* The keys at `now`, by the world's clock. CLIENTS_ON: *ring, held for the
** caller. CLIENTS_BROKEN: *why. */
enum clients_state clients_look(struct clients *c, nanos now,
                                struct ring **ring, struct store_why *why);

#endif
