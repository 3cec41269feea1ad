/*
** provider.c -- making, counting and wiping providers.
**
** The header section of a request never changes, so it is made here once and
** a call only points at it. It holds the key: the arena is wiped before its
** memory goes back.
*/
#include "net/call/provider.h"

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
