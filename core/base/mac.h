/*
** mac.h -- what stands for a secret where the secret itself is not kept.
**
** HMAC-SHA-256 of the whole text under a key of ours: whoever reads the marks
** and not the key can neither find the texts nor try some out. OpenSSL's
** libcrypto computes it, and compares; nothing else of ours includes it.
*/
#ifndef BASE_MAC_H
#define BASE_MAC_H

#include "base/str.h"

#define MAC_BYTES 32
#define MAC_KEY   32 /* bytes of a key */

struct mac {
    unsigned char byte[MAC_BYTES];
};

/* The mark of a text. False: OpenSSL will not. */
bool mac_of(const unsigned char key[MAC_KEY], str text, struct mac *out);

/* Makes marks under one key: what comes of the key is worked out once, so that a
** mark costs half of mac_of's. [any thread, several at once] */
struct mac_maker;

/* NULL: there is no memory for it. */
struct mac_maker *mac_maker_new(const unsigned char key[MAC_KEY]);

/* Let it go, and wipe what it knows of the key. NULL is fine. */
void mac_maker_free(struct mac_maker *m);

/* As mac_of. */
bool mac_make(const struct mac_maker *m, str text, struct mac *out);

/* The same mark? It takes as long whichever byte differs. */
bool mac_eq(const struct mac *a, const struct mac *b);

/* Overwrite n bytes in a way that no compiler leaves out. */
void mac_wipe(void *at, size_t n);

#endif
