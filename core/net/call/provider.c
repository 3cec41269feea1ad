/*
** provider.c -- making, counting and wiping providers.
**
** The header section of a request never changes, so it is made here once and
** a call only points at it. It holds the key: the arena is wiped before its
** memory goes back.
*/
#include "net/call/provider.h"

#include "base/defence.h"
#include "base/err.h"
#include "base/mem.h"

struct provider *provider_new(void)
{
    struct provider *p = mem_zero(sizeof *p);
    if (p != NULL) {
        p->refs = 1;
        arena_init(&p->arena);
    }
    return p;
}

void provider_keep(struct provider *p)
{
    p->refs++;
}

static void wipe_text(str text)
{
    explicit_bzero((char *)(uintptr_t)text.p, text.n);
}

static void wipe(struct provider *p)
{
    for (int i = 0; i < p->headers_n; i++)
        wipe_text(p->headers[i].value);
    for (int i = 0; i < p->keys.n; i++)
        wipe_text(p->keys.key[i].value);
}

void provider_release(struct provider *p)
{
    if (p == NULL || --p->refs > 0)
        return;
    wipe(p);
    arena_fini(&p->arena);
    mem_free(p);
}

#define TELLING 8 /* bytes of a key that would be too many */

static bool share(str secret, str text)
{
    for (size_t i = 0; i + TELLING <= secret.n && text.n > 0; i++)
        if (memmem(text.p, text.n, secret.p + i, TELLING) != NULL)
            return true;
    return false;
}

static bool tells_secret(str secret, str text)
{
    if (str_starts(secret, STR("Bearer ")))
        secret = str_from(secret, 7);
    return share(secret, text);
}

bool provider_hides(const struct provider *p, str text)
{
    bool telling = false;
    for (int i = p->open_n; i < p->headers_n && !telling; i++)
        telling = tells_secret(p->headers[i].value, text);
    for (int i = 1; i < p->keys.n && !telling; i++)
        telling = tells_secret(p->keys.key[i].value, text);
    return telling && DEFENCE(key_fragments);
}

int provider_header(struct provider *p, str name, str value)
{
    if (!http_name_ok(name) || !http_value_ok(value))
        return ERR_INPUT;
    if (p->headers_n == PROVIDER_HEADERS)
        return ERR_LIMIT;
    struct http_field *field = &p->headers[p->headers_n];
    field->name = arena_copy(&p->arena, name);
    field->value = arena_copy(&p->arena, value);
    if (field->name.p == NULL || field->value.p == NULL)
        return ERR_MEMORY;
    p->headers_n++;
    return 0;
}
