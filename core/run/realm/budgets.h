/*
** budgets.h -- the ledger of a realm, and its budgets by name.
*/
#ifndef RUN_REALM_BUDGETS_H
#define RUN_REALM_BUDGETS_H

#include <stdatomic.h>

#include "net/world.h"
#include "run/realm/realm.h"
#include "store/ledger.h"

/* What is known of a budget since the process began, over all its keys. */
struct budget_totals {
    atomic_ullong shape;  /* what it counted last, as a number */
    atomic_bool dollars;  /* it counts nano-dollars, not tokens */
    atomic_llong spent;   /* by calls that have ended */
    atomic_llong refused; /* requests, and calls */
};

/* The ledger: opened in the realm's folder by whoever asks first, in memory
** where nothing is kept, and closed with the realm. NULL: it cannot be opened,
** and *why; it is tried again when a second has gone by. */
struct ledger *budgets_ledger(struct realm *r, struct world *world,
                              struct store_why *why);

/* The budget of that name. `shape` is all that makes it start empty when it
** changes: *emptied says that it did. NULL: no memory, or there are too many. */
struct budget_totals *budgets_share(struct realm *r, str name, str shape,
                                    bool *emptied);

/* Call see(totals, name, user) for each budget there is, under a lock. */
void budgets_each(struct realm *r, void (*see)(void *, str, void *),
                  void *user);

/* The ledger if it is open, else NULL. */
struct ledger *budgets_open(struct realm *r);

#endif
