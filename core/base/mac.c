/*
** mac.c -- the one file that calls OpenSSL.
**
** HMAC (RFC 2104) over its plain SHA-256, whose state is a struct that may be
** copied: so a maker is the two states that come of its key, nobody changes it,
** and a mark takes two steps and no memory. What stands in front of that in
** OpenSSL 3 (EVP_MAC) costs half as much again, and 2 MB of pages when it is
** first used; the plain calls are called deprecated for that, and are still there.
*/
#define OPENSSL_SUPPRESS_DEPRECATED
#include "base/mac.h"

#include <openssl/crypto.h>
#include <openssl/sha.h>
#include <string.h>

#include "base/defence.h"
#include "base/mem.h"

struct mac_maker {
    SHA256_CTX inner, outer; /* what the key is mixed with has passed */
};

/* The bytes of a text. */
static const unsigned char *bytes_of(str text, size_t *n)
{
    *n = DEFENCE(mac_whole) || text.n < 20 ? text.n : 20;
    return (const void *)(text.p != NULL ? text.p : "");
}

/* A state that has seen a block of the key and this byte. */
static bool begin(SHA256_CTX *c, const unsigned char key[MAC_KEY],
                  unsigned char pad)
{
    unsigned char block[SHA256_CBLOCK];
    for (size_t i = 0; i < sizeof block; i++)
        block[i] = (unsigned char)((i < MAC_KEY ? key[i] : 0) ^ pad);
    bool good = SHA256_Init(c) == 1 && SHA256_Update(c, block, sizeof block);
    mac_wipe(block, sizeof block);
    return good;
}

static bool set_key(struct mac_maker *m, const unsigned char key[MAC_KEY])
{
    return begin(&m->inner, key, 0x36) && begin(&m->outer, key, 0x5c);
}

bool mac_make(const struct mac_maker *m, str text, struct mac *out)
{
    size_t n;
    const unsigned char *bytes = bytes_of(text, &n);
    struct mac_maker now = *m;
    bool made = SHA256_Update(&now.inner, bytes, n) == 1 &&
                SHA256_Final(out->byte, &now.inner) == 1 &&
                SHA256_Update(&now.outer, out->byte, MAC_BYTES) == 1 &&
                SHA256_Final(out->byte, &now.outer) == 1;
    mac_wipe(&now, sizeof now);
    return made;
}

bool mac_of(const unsigned char key[MAC_KEY], str text, struct mac *out)
{
    struct mac_maker m;
    bool made = set_key(&m, key) && mac_make(&m, text, out);
    mac_wipe(&m, sizeof m);
    return made;
}

struct mac_maker *mac_maker_new(const unsigned char key[MAC_KEY])
{
    struct mac_maker *m = mem_zero(sizeof *m);
    if (m == NULL || set_key(m, key))
        return m;
    mem_free(m);
    return NULL;
}

void mac_maker_free(struct mac_maker *m)
{
    if (m != NULL)
        mac_wipe(m, sizeof *m);
    mem_free(m);
}

/* --- comparing, wiping ------------------------------------------------------ */

bool mac_eq(const struct mac *a, const struct mac *b)
{
    return CRYPTO_memcmp(a->byte, b->byte, MAC_BYTES) == 0;
}

void mac_wipe(void *at, size_t n)
{
    OPENSSL_cleanse(at, n);
}
