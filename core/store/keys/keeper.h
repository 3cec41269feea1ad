/*
** keeper.h -- where keys are kept, and how they are made and ended.
**
**     STORE/keys/data.mdb ...   a store of their own: mark -> record
**     STORE/keys/secret         what marks are made with; its owner's alone
**
** They have a store of their own so that somebody else may write it while a
** gateway runs: the gateway only reads it. The text of a key is known where it
** is made and nowhere else; what is kept is its mark.
**
** Chance is brought in, and must be fit for secrets. So is the time, by the
** calendar. What fails is said in words.
*/
#ifndef STORE_KEYS_KEEPER_H
#define STORE_KEYS_KEEPER_H

#include "store/keys/ring.h"

#define KEEPER_PATH   512
#define KEEPER_PREFIX "peri-"
#define KEEPER_DICE   24 /* bytes of chance in a key */
#define KEEPER_ID     5  /* and in an id */
#define KEEPER_TEXT   (sizeof KEEPER_PREFIX + 2 * KEEPER_DICE)

struct keeper {
    struct store *store;
    unsigned char secret[MAC_KEY];
    char path[KEEPER_PATH]; /* of the folder */
};

/* The path of the folder in that of a store; false when it is too long. */
bool keeper_path(char to[KEEPER_PATH], const char *store);

/* Open it to write, made if it is not there; with `secret` if it has none yet.
** On failure nothing is open. */
enum store_result keeper_open(struct keeper *k, const char *store,
                              const unsigned char secret[MAC_KEY],
                              struct store_why *why);
void keeper_close(struct keeper *k);

/* Read the secret of a folder. STORE_MISSING: there is none. */
enum store_result keeper_secret(const char *path, unsigned char secret[MAC_KEY],
                                struct store_why *why);

/* Every key there is; NULL and why not. `*damaged` (or NULL): rows are left
** out that are not what was written. */
struct ring *keeper_read(struct store *s, const unsigned char secret[MAC_KEY],
                         bool *damaged, struct store_why *why);

/* The text of a key, zero-terminated, out of chance. */
void keeper_text(char to[KEEPER_TEXT], const unsigned char dice[KEEPER_DICE]);

/* Keep a key of that text. */
enum store_result keeper_add(struct keeper *k, const struct client_key *key,
                             str text, struct store_why *why);

/* Revoke the key of that id; again is fine. STORE_MISSING: there is none. */
enum store_result keeper_revoke(struct keeper *k, str id, nanos now,
                                struct store_why *why);

/* Give the key of that id another text; the one before is unknown from then on.
** STORE_MISSING: there is none, or it is revoked. */
enum store_result keeper_rotate(struct keeper *k, str id, str text,
                                struct store_why *why);

/* Change what the key of that id says: `apply` is handed a copy, whose texts it
** may replace by others that last until this returns; false: nothing is kept.
** Nobody else can change keys meanwhile. STORE_MISSING: there is none. */
enum store_result keeper_edit(struct keeper *k, str id,
                              bool (*apply)(void *user, struct client_key *),
                              void *user, struct store_why *why);

#endif
