/*
** table.c -- a hash table that only grows.
**
** A thing lies behind its own entry in one piece of memory that never moves,
** so whoever found it once keeps the pointer.
*/
#include "run/realm/table.h"

#include <stdalign.h>

#include "base/mem.h"

#define SLOTS 64 /* at first */

struct shared {
    struct shared *next_in_slot, *next;
    const struct shared_kind *kind;
    uint64_t hash;
    str name; /* behind the thing */
    alignas(max_align_t) char thing[];
};

void shared_init(struct shared_table *t)
{
    *t = (struct shared_table){.last = &t->first};
}

void shared_fini(struct shared_table *t)
{
    while (t->first != NULL) {
        struct shared *s = t->first;
        t->first = s->next;
        if (s->kind->fini != NULL)
            s->kind->fini(s->thing);
        mem_free(s);
    }
    mem_free(t->slots);
    shared_init(t);
}

/* FNV-1a of the kind's address and the name. */
static uint64_t hash_of(const struct shared_kind *kind, str name)
{
    uint64_t h = 0xcbf29ce484222325u ^ (uint64_t)(uintptr_t)kind;
    for (size_t i = 0; i < name.n; i++)
        h = (h ^ (unsigned char)name.p[i]) * 0x100000001b3u;
    return h ^ h >> 32;
}

static void put(struct shared_table *t, struct shared *s)
{
    struct shared **slot = &t->slots[s->hash & (t->slots_n - 1)];
    s->next_in_slot = *slot;
    *slot = s;
}

/* Room for one more. A table that cannot grow gets slower, and no worse. */
static bool has_slots(struct shared_table *t)
{
    if (t->n < t->slots_n)
        return true;
    size_t n = t->slots_n > 0 ? t->slots_n * 2 : SLOTS;
    struct shared **slots = mem_zero(n * sizeof *slots);
    if (slots == NULL)
        return t->slots_n > 0;
    mem_free(t->slots);
    t->slots = slots;
    t->slots_n = n;
    for (struct shared *s = t->first; s != NULL; s = s->next)
        put(t, s);
    return true;
}

static struct shared *find(const struct shared_table *t,
                           const struct shared_kind *kind, str name,
                           uint64_t hash)
{
    struct shared *s =
        t->slots_n > 0 ? t->slots[hash & (t->slots_n - 1)] : NULL;
    while (s != NULL && (s->kind != kind || !str_eq(s->name, name)))
        s = s->next_in_slot;
    return s;
}

static int count(const struct shared_table *t, const struct shared_kind *kind)
{
    int n = 0;
    for (const struct shared *s = t->first; s != NULL; s = s->next)
        n += s->kind == kind;
    return n;
}

static struct shared *make(struct shared_table *t,
                           const struct shared_kind *kind, str name)
{
    struct shared *s = mem_zero(sizeof *s + kind->size + name.n);
    if (s == NULL)
        return NULL;
    char *text = s->thing + kind->size;
    if (name.n > 0)
        memcpy(text, name.p, name.n);
    s->kind = kind;
    s->name = (str){text, name.n};
    if (kind->init != NULL)
        kind->init(s->thing);
    *t->last = s;
    t->last = &s->next;
    t->n++;
    return s;
}

void *shared_find(const struct shared_table *t, const struct shared_kind *kind,
                  str name)
{
    struct shared *s = find(t, kind, name, hash_of(kind, name));
    return s != NULL ? s->thing : NULL;
}

void *shared_get(struct shared_table *t, const struct shared_kind *kind,
                 str name)
{
    uint64_t hash = hash_of(kind, name);
    struct shared *s = find(t, kind, name, hash);
    if (s == NULL && count(t, kind) < kind->most && has_slots(t) &&
        (s = make(t, kind, name)) != NULL) {
        s->hash = hash;
        put(t, s);
    }
    return s != NULL ? s->thing : NULL;
}

void shared_each(struct shared_table *t, const struct shared_kind *kind,
                 void (*see)(void *, str, void *), void *user)
{
    for (struct shared *s = t->first; s != NULL; s = s->next)
        if (s->kind == kind)
            see(s->thing, s->name, user);
}
