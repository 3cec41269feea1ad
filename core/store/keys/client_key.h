/*
** client_key.h -- what a client's key says of whoever holds it.
**
** The record knows nothing of the key's own text: it is found by the key's mark
** (base/mac.h). Texts are borrowed; client_key_copy makes them an arena's.
** On the disk it is an object of JSON; a member that is not there says nothing.
*/
#ifndef STORE_KEYS_CLIENT_KEY_H
#define STORE_KEYS_CLIENT_KEY_H

#include "base/arena.h"
#include "base/nanos.h"
#include "wire/json.h"

#define CLIENT_KEY_TEXT 256 /* bytes of an id, a user, a team, a feature */

struct limit_rules;

struct client_key {
    str id;
    str user, team, feature; /* absent: the key does not say */
    str models;          /* an array of JSON: patterns, or absent: any model */
    str metadata;        /* an object of JSON, or absent */
    str limits, budgets; /* see key_limits.h; absent: none */
    const struct limit_rules *rules; /* the limits, read; NULL: none */
    bool admin;
    /* By the calendar. */
    nanos created;
    nanos expires; /* NANOS_NEVER: it does not */
    nanos revoked; /* NANOS_NEVER: it is not */
};

/* Append it as JSON. */
void client_key_write(const struct client_key *key, struct buf *to);

/* Read it; decoded texts go to `scratch`, which lives as long as the key. False
** when it is no record of a key, or there is no memory. */
bool client_key_read(str json, struct arena *scratch, struct client_key *key);

/* A copy with texts of the arena's; NULL without memory. */
const struct client_key *client_key_copy(struct arena *a,
                                         const struct client_key *key);

/* Neither revoked nor expired? `now` by the calendar. */
bool client_key_holds(const struct client_key *key, nanos now);

/* Does it fit the pattern, "provider/model" with at most one star? */
bool client_key_fits(str pattern, str provider, str model);

/* May its holder be answered by this model of this provider? */
bool client_key_allows(const struct client_key *key, str provider, str model);

#endif
