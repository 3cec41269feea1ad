/*
** prices.c -- a chained table.
**
** Its buckets go by the model alone, so that nobody has to put the two parts of
** a name together to look for it.
*/
#include "meter/price/prices.h"

#include "base/err.h"

struct priced {
    struct priced *next;
    str provider, model;
    struct price price;
};

static size_t bucket_of(str model)
{
    uint64_t hash = str_hash(model);
    return (hash ^ hash >> 32) % PRICES_BUCKETS;
}

static struct priced *find(const struct prices *p, str provider, str model)
{
    struct priced *at = p->bucket[bucket_of(model)];
    while (at != NULL &&
           !(str_eq(at->model, model) && str_eq(at->provider, provider)))
        at = at->next;
    return at;
}

int prices_set(struct prices *p, struct arena *arena, str name,
               const struct price *price)
{
    str model = name, provider = str_split(&model, '/');
    if (model.p == NULL)
        return ERR_INPUT;
    struct priced *at = find(p, provider, model);
    if (at == NULL) {
        at = arena_zero(arena, sizeof *at);
        str copy = arena_copy(arena, name);
        if (at == NULL || copy.p == NULL)
            return ERR_MEMORY;
        at->model = copy;
        at->provider = str_split(&at->model, '/');
        struct priced **bucket = &p->bucket[bucket_of(at->model)];
        at->next = *bucket;
        *bucket = at;
    }
    at->price = *price;
    return 0;
}

static const struct price *find_listed(str provider, str model)
{
    const struct listed *at;
    for (int nth = 0; (at = prices_listed(nth)) != NULL; nth++)
        if (str_eq(at->model, model) && str_eq(at->provider, provider))
            return &at->price;
    return NULL;
}

const struct price *prices_find(const struct prices *p, str provider, str model)
{
    const struct priced *at = find(p, provider, model);
    return at != NULL ? &at->price : find_listed(provider, model);
}
