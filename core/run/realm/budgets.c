/*
** budgets.c -- opened once, and known by name.
**
** A ledger that cannot be opened (another process has it, it is damaged, the
** disk is full) is tried again now and then: calls under a budget decline until
** it can. How a budget's rows are found is in bind/budget; here is only what
** outlives a version of the policy.
*/
#include "run/realm/budgets.h"

#include <pthread.h>
#include <sys/stat.h>

#define MOST        256     /* budgets in a realm */
#define AGAIN_AFTER NANOS_S /* between two tries to open */

struct holder {
    pthread_mutex_t lock;
    struct ledger *ledger; /* NULL: not open */
    bool tried;
    nanos when; /* it was tried last */
    struct store_why why;
};

static void init(void *at)
{
    struct holder *h = at;
    pthread_mutex_init(&h->lock, NULL);
}

static void fini(void *at)
{
    struct holder *h = at;
    ledger_close(h->ledger);
    pthread_mutex_destroy(&h->lock);
}

static const struct shared_kind holder_kind = {.name = "ledger",
                                               .size = sizeof(struct holder),
                                               .most = 1,
                                               .init = init,
                                               .fini = fini};

static const struct shared_kind totals_kind = {
    .name = "budget", .size = sizeof(struct budget_totals), .most = MOST};

static void open_now(struct holder *h, struct realm *r, struct world *world)
{
    struct ledger_options options = {.folder = realm_folder(r),
                                     .durability = realm_durability(r)};
    world_random(world, options.dice, sizeof options.dice);
    if (options.folder != NULL)
        mkdir(options.folder, 0700); /* what is in its way, opening will say */
    ledger_open(&h->ledger, &options, &h->why);
}

struct ledger *budgets_ledger(struct realm *r, struct world *world,
                              struct store_why *why)
{
    struct holder *h = realm_share(r, &holder_kind, STR(""));
    nanos now = world_now(world);
    if (h == NULL) {
        store_say(why, STORE_MEMORY, "budgets", NULL);
        return NULL;
    }
    pthread_mutex_lock(&h->lock);
    if (h->ledger == NULL && (!h->tried || now - h->when >= AGAIN_AFTER)) {
        open_now(h, r, world);
        h->tried = true;
        h->when = now;
    }
    struct ledger *ledger = h->ledger;
    if (ledger == NULL)
        *why = h->why;
    pthread_mutex_unlock(&h->lock);
    return ledger;
}

struct ledger *budgets_open(struct realm *r)
{
    struct holder *h = realm_find(r, &holder_kind, STR(""));
    if (h == NULL)
        return NULL;
    pthread_mutex_lock(&h->lock);
    struct ledger *ledger = h->ledger;
    pthread_mutex_unlock(&h->lock);
    return ledger;
}

struct budget_totals *budgets_share(struct realm *r, str name, str shape,
                                    bool *emptied)
{
    struct budget_totals *t = realm_share(r, &totals_kind, name);
    unsigned long long is = str_hash(shape) | 1;
    if (t == NULL)
        return NULL;
    unsigned long long was = atomic_exchange(&t->shape, is);
    *emptied = was != 0 && was != is;
    return t;
}

void budgets_each(struct realm *r, void (*see)(void *, str, void *), void *user)
{
    realm_each(r, &totals_kind, see, user);
}
