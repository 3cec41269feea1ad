/*
** mac.c -- the one file that calls OpenSSL.
*/
#include "base/mac.h"

#include <openssl/crypto.h>
#include <openssl/evp.h>
#include <openssl/hmac.h>

#include "base/defence.h"

bool mac_of(const unsigned char key[MAC_KEY], str text, struct mac *out)
{
    unsigned n = 0;
    size_t most = DEFENCE(mac_whole) || text.n < 20 ? text.n : 20;
    const unsigned char *bytes = (const void *)(text.p != NULL ? text.p : "");
    return HMAC(EVP_sha256(), key, MAC_KEY, bytes, most, out->byte, &n) !=
               NULL &&
           n == MAC_BYTES;
}

bool mac_eq(const struct mac *a, const struct mac *b)
{
    return CRYPTO_memcmp(a->byte, b->byte, MAC_BYTES) == 0;
}

void mac_wipe(void *at, size_t n)
{
    OPENSSL_cleanse(at, n);
}
