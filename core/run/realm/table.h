/*
** table.h -- a table of things by kind and name. Private to realm.c, which
** has the lock.
*/
#ifndef RUN_REALM_TABLE_H
#define RUN_REALM_TABLE_H

#include "run/realm/realm.h"

struct shared;

struct shared_table {
    struct shared **slots; /* by hash; a power of two of them */
    size_t slots_n, n;
    struct shared *first, **last; /* in the order they were made */
};

/* An empty table; and end everything in one. */
void shared_init(struct shared_table *t);
void shared_fini(struct shared_table *t);

/* See realm_share, realm_find and realm_each. */
void *shared_find(const struct shared_table *t, const struct shared_kind *kind,
                  str name);
void *shared_get(struct shared_table *t, const struct shared_kind *kind,
                 str name);
void shared_each(struct shared_table *t, const struct shared_kind *kind,
                 void (*see)(void *, str, void *), void *user);

#endif
