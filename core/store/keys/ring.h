/*
** ring.h -- every key there is, as it was at one moment, in memory.
**
**     rows of the store --ring_take--> [ring] --ring_find(text)--> a record
**
** A ring is filled once and then only read, by any thread; it is counted, so
** that whoever looks at a record keeps it while a newer ring takes its place.
** A key is found by its mark, which costs the same however many there are and
** whatever the text is.
*/
#ifndef STORE_KEYS_RING_H
#define STORE_KEYS_RING_H

#include "base/mac.h"
#include "store/keys/client_key.h"
#include "store/store.h"

#define KEYS_TABLE "keys" /* of the store: mark -> record */

struct ring;

/* An empty one, held once; NULL without memory. */
struct ring *ring_new(const unsigned char secret[MAC_KEY]);

/* Add the key of a row; a row that is none is counted and left out, so that its
** key is unknown. For store_every: `ring` is a struct ring. */
void ring_take(void *ring, const struct row *row);

/* How many rows it has met; negative: there was no memory for all of them. */
int ring_rows(const struct ring *ring);

/* Hold it once more, and let go. NULL is fine. */
struct ring *ring_hold(struct ring *ring);
void ring_release(struct ring *ring);

/* The record of a key, whatever has become of it, or NULL; and its mark. NULL,
** too, when there is no memory for the mark, which is then all zeros. */
const struct client_key *ring_find(const struct ring *ring, str text,
                                   struct mac *mark);

/* See every record. */
void ring_each(const struct ring *ring,
               void (*see)(void *user, const struct mac *mark,
                           const struct client_key *key),
               void *user);

#endif
