/*
** realm.h -- named state that the runtimes on one store path share.
**
** Runtimes opened on the same path, in whatever threads, find the same realm.
** It is counted: the last to leave takes it down. [any thread]
*/
#ifndef RUN_REALM_REALM_H
#define RUN_REALM_REALM_H

#include "base/str.h"
#include "store/store.h"

struct realm;

/* The realm of a store path; NULL when there is no memory. */
struct realm *realm_open(const char *store);
void realm_close(struct realm *r);

/* Say where what outlives the realm is kept; who says it first is heard. A realm
** of which it is not said, a simulated one, has no store. */
void realm_keep(struct realm *r, const struct store_options *options);

/* The folder in which that is; NULL when it was not said. */
const char *realm_folder(struct realm *r);

/* How safe what is kept there shall be. */
enum store_durability realm_durability(struct realm *r);

/* Its store, opened by whoever asks first, and closed with the realm. NULL when
** it cannot be opened, and *why; the next to ask tries again. */
struct store *realm_store(struct realm *r, struct store_why *why);

/* The number of this realm: what the first who asked had brought. */
uint64_t realm_number(struct realm *r, uint64_t dice);

/* True for the first who says `key` under `topic`, until another key is said:
** so that several workers report one event once. */
bool realm_first(struct realm *r, const char *topic, uint64_t key);

/* A kind of thing that runtimes share by name: a breaker, a retry budget. */
struct shared_kind {
    const char *name;
    size_t size;          /* bytes of one, zeroed before init */
    int most;             /* of them in a realm */
    void (*init)(void *); /* or NULL */
    void (*fini)(void *); /* or NULL */
};

/* The thing of that kind and name, made when there is none. It lives as long
** as the realm, so that it outlives every policy version; it has a lock of its
** own where it needs one. NULL: no memory, or there are `most` already (names
** may come from clients). */
void *realm_share(struct realm *r, const struct shared_kind *kind, str name);

/* The thing of that kind and name, or NULL when nobody has made it. */
void *realm_find(struct realm *r, const struct shared_kind *kind, str name);

/* Call see(thing, name, user) for each thing of a kind, the oldest first, under
** the realm's lock. */
void realm_each(struct realm *r, const struct shared_kind *kind,
                void (*see)(void *thing, str name, void *user), void *user);

#endif
