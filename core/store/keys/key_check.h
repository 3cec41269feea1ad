/*
** key_check.h -- may a key say this? Asked before anything is kept, whoever
** brings it: the command line and the admin API alike.
*/
#ifndef STORE_KEYS_KEY_CHECK_H
#define STORE_KEYS_KEY_CHECK_H

#include "store/keys/client_key.h"

#define KEY_MODELS   200  /* patterns, at most */
#define KEY_METADATA 4096 /* bytes of JSON */

/* What is wrong, and of which member; message is NULL when all is well. */
struct key_wrong {
    const char *member, *message; /* static texts */
};

/* Look at every member but id and times. */
struct key_wrong key_check(const struct client_key *key);

#endif
