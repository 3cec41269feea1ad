/*
** limits.c -- a limit is found by its name and its shape.
**
** A reload that changes amounts finds the same one, and the new amounts come
** with the next request. One that counts something else could not go on where
** the old one was; requests of the old version still use that.
*/
#include "run/realm/limits.h"

#include <stdatomic.h>
#include <stdio.h>

#define MOST         256
#define LONGEST_NAME 400

static const struct shared_kind limit_kind = {.name = "limit",
                                              .size = sizeof(struct limiter),
                                              .most = MOST,
                                              .init = limiter_init,
                                              .fini = limiter_fini};

/* The shape that a name had last. */
static const struct shared_kind shape_kind = {
    .name = "limit shape", .size = sizeof(atomic_ullong), .most = MOST};

static bool has_changed(struct realm *r, str name, str shape)
{
    atomic_ullong *last = realm_share(r, &shape_kind, name);
    unsigned long long is = str_hash(shape) | 1;
    if (last == NULL)
        return false;
    unsigned long long was = atomic_exchange(last, is);
    return was != 0 && was != is;
}

struct limiter *limits_share(struct realm *r, str name, str shape,
                             const uint64_t dice[2], bool *emptied)
{
    char room[LONGEST_NAME];
    int n =
        snprintf(room, sizeof room, "%.*s %.*s", STR_ARG(name), STR_ARG(shape));
    if (n < 0 || (size_t)n >= sizeof room)
        return NULL;
    struct limiter *l = realm_share(r, &limit_kind, (str){room, (size_t)n});
    if (l == NULL || !limiter_seed(l, dice))
        return NULL;
    *emptied = has_changed(r, name, shape);
    return l;
}

/* --- looking --------------------------------------------------------------- */

/* The shapes that names have now; those they had before are not shown. */
struct viewing {
    struct {
        uint64_t name, shape;
    } now[MOST];
    int n;
    void (*see)(void *, const struct limit_view *);
    void *user;
};

static void note_shape(void *shape, str name, void *user)
{
    struct viewing *v = user;
    if (v->n == MOST)
        return;
    v->now[v->n].name = str_hash(name);
    v->now[v->n++].shape = atomic_load((atomic_ullong *)shape);
}

static bool in_use(const struct viewing *v, str name, str shape)
{
    for (int i = 0; i < v->n; i++)
        if (v->now[i].name == str_hash(name))
            return v->now[i].shape == (str_hash(shape) | 1);
    return false;
}

static void view(void *limiter, str full, void *user)
{
    const struct viewing *v = user;
    str shape = full, name = str_split(&shape, ' ');
    if (!in_use(v, name, shape))
        return;
    struct limit_view seen = {.name = name, .seen = limiter_look(limiter)};
    seen.counts = shape;
    seen.whose = str_split(&seen.counts, ' ');
    v->see(v->user, &seen);
}

void limits_each(struct realm *r,
                 void (*see)(void *user, const struct limit_view *), void *user)
{
    struct viewing viewing = {.see = see, .user = user};
    realm_each(r, &shape_kind, note_shape, &viewing);
    realm_each(r, &limit_kind, view, &viewing);
}

/* --- shutting -------------------------------------------------------------- */

static void shut(void *thing, str name, void *user)
{
    (void)name;
    limiter_shut(thing);
    ++*(int *)user;
}

int limits_shut(struct realm *r)
{
    int n = 0;
    realm_each(r, &limit_kind, shut, &n);
    return n;
}
