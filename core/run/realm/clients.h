/*
** clients.h -- the clients' keys, as all runtimes of a realm see them.
**
** They are read from the store once and again after each change, whichever
** process made it: a key that is revoked is refused from the next request on.
** Whether there was a change is a look at memory. Only the folder is looked at
** on the disk, once a second: is it there, is it still the same?
**
** Whoever changes keys in this process does it through clients_change: meanwhile
** the others see the keys as they were, and wait for no disk.
**
** Without any key nobody needs one. Where keys cannot be read, nobody comes in.
*/
#ifndef RUN_REALM_CLIENTS_H
#define RUN_REALM_CLIENTS_H

#include "run/realm/realm.h"
#include "store/keys/keeper.h"

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

/* Open the keys to write, made with `fresh` if there is no secret yet; call
** change(user, keeper, why); close, and read anew. When this returns, everybody
** in this process sees the change. STORE_BUSY: another process has them open to
** write. For threads that serve nobody else: it waits for the disk. */
enum store_result clients_change(
    struct clients *c, const unsigned char fresh[MAC_KEY],
    enum store_result (*change)(void *user, struct keeper *,
                                struct store_why *),
    void *user, struct store_why *why);

#endif
