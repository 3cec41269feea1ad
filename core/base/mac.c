/*
** mac.c -- the one file that calls OpenSSL.
**
** A context of OpenSSL's is for one thread at a time. So a maker has a few
** copies of the one it was made with: whoever makes a mark takes one, and a
** thread that finds none there makes itself another. Nobody waits.
*/
#include "base/mac.h"

#include <openssl/core_names.h>
#include <openssl/crypto.h>
#include <openssl/err.h>
#include <openssl/evp.h>
#include <openssl/hmac.h>
#include <openssl/params.h>
#include <stdatomic.h>

#include "base/defence.h"
#include "base/mem.h"

#define SPARES 16 /* contexts that are kept: as many as threads, mostly */

struct mac_maker {
    EVP_MAC_CTX *master; /* it has the key, and is only copied */
    _Atomic(EVP_MAC_CTX *) spare[SPARES];
};

/* The bytes of a text. */
static const unsigned char *bytes_of(str text, size_t *n)
{
    *n = DEFENCE(mac_whole) || text.n < 20 ? text.n : 20;
    return (const void *)(text.p != NULL ? text.p : "");
}

/* OpenSSL keeps texts of what failed, a list for each thread, for whoever asks:
** nobody does. False, for the caller to return. */
static bool forget(void)
{
    ERR_clear_error();
    return false;
}

bool mac_of(const unsigned char key[MAC_KEY], str text, struct mac *out)
{
    unsigned n = 0;
    size_t most;
    const unsigned char *bytes = bytes_of(text, &most);
    bool made =
        HMAC(EVP_sha256(), key, MAC_KEY, bytes, most, out->byte, &n) != NULL &&
        n == MAC_BYTES;
    return made || forget();
}

/* --- many under one key ---------------------------------------------------- */

static EVP_MAC_CTX *new_master(const unsigned char key[MAC_KEY])
{
    char digest[] = "SHA256";
    const OSSL_PARAM params[] = {
        OSSL_PARAM_construct_utf8_string(OSSL_MAC_PARAM_DIGEST, digest, 0),
        OSSL_PARAM_construct_end()};
    EVP_MAC *hmac = EVP_MAC_fetch(NULL, "HMAC", NULL);
    EVP_MAC_CTX *c = hmac != NULL ? EVP_MAC_CTX_new(hmac) : NULL;
    EVP_MAC_free(hmac); /* the context has its own hold */
    if (c != NULL && EVP_MAC_init(c, key, MAC_KEY, params) == 1)
        return c;
    EVP_MAC_CTX_free(c);
    forget();
    return NULL;
}

struct mac_maker *mac_maker_new(const unsigned char key[MAC_KEY])
{
    struct mac_maker *m = mem_zero(sizeof *m);
    if (m == NULL || (m->master = new_master(key)) != NULL)
        return m;
    mem_free(m);
    return NULL;
}

void mac_maker_free(struct mac_maker *m)
{
    if (m == NULL)
        return;
    for (int i = 0; i < SPARES; i++)
        EVP_MAC_CTX_free(atomic_load(&m->spare[i]));
    EVP_MAC_CTX_free(m->master);
    mem_free(m);
}

/* A context that is nobody else's. */
static EVP_MAC_CTX *borrow(struct mac_maker *m)
{
    for (int i = 0; i < SPARES; i++) {
        EVP_MAC_CTX *c = atomic_exchange(&m->spare[i], NULL);
        if (c != NULL)
            return c;
    }
    return EVP_MAC_CTX_dup(m->master);
}

static void give_back(struct mac_maker *m, EVP_MAC_CTX *c)
{
    for (int i = 0; i < SPARES; i++) {
        EVP_MAC_CTX *none = NULL;
        if (atomic_compare_exchange_strong(&m->spare[i], &none, c))
            return;
    }
    EVP_MAC_CTX_free(c);
}

bool mac_make(struct mac_maker *m, str text, struct mac *out)
{
    size_t most, n = 0;
    const unsigned char *bytes = bytes_of(text, &most);
    EVP_MAC_CTX *c = borrow(m);
    bool made = c != NULL && EVP_MAC_init(c, NULL, 0, NULL) == 1 &&
                EVP_MAC_update(c, bytes, most) == 1 &&
                EVP_MAC_final(c, out->byte, &n, MAC_BYTES) == 1 &&
                n == MAC_BYTES;
    if (made)
        give_back(m, c);
    else
        EVP_MAC_CTX_free(c);
    return made || forget();
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
