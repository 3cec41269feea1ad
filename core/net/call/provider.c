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

static void wipe(struct provider *p)
{
    for (int i = 0; i < p->headers_n; i++)
        explicit_bzero((char *)(uintptr_t)p->headers[i].value.p,
                       p->headers[i].value.n);
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

bool provider_hides(const struct provider *p, str text)
{
    for (int i = p->open_n; i < p->headers_n; i++) {
        str secret = p->headers[i].value;
        if (str_starts(secret, STR("Bearer ")))
            secret = str_from(secret, 7);
        if (share(secret, text))
            return DEFENCE(key_fragments);
    }
    return false;
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
