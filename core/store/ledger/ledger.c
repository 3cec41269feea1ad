/*
** ledger.c -- the door: one short lock, and what may be asked.
**
** Rows are found or made first, each a step of its own; the reservation over all
** of them is then one step that touches nothing else. A row that was made for a
** reservation that is refused is swept away in time.
*/
#include <string.h>
#include <sys/mman.h>

#include "base/err.h"
#include "base/siphash.h"
#include "store/ledger/inner.h"

static const int64_t nothing[LEDGER_MOST_LINES];

/* A child must not even take the lock: who held it is not there. */
static bool is_ours(const struct ledger *l)
{
    return *l->ours != 0;
}

struct ledger_id ledger_id(const struct ledger *l, str budget, str key)
{
    const uint64_t *k = l->head->key;
    uint64_t of = siphash(k, budget);
    uint64_t one[2] = {k[0] ^ of, k[1]}, two[2] = {k[0], ~k[1] ^ of};
    return (struct ledger_id){{siphash(one, key), siphash(two, key)}};
}

/* --- reserving ------------------------------------------------------------- */

static void view(const struct cell *row, const struct ledger_line *line,
                 struct ledger_view *v)
{
    struct tally t;
    int slots = line->span.slots;
    if (row != NULL)
        t = row->tally;
    else
        tally_init(&t, &line->span);
    tally_enter(&t, &line->span);
    v->spent = tally_spent(&t, slots);
    v->reserved = tally_reserved(&t, slots);
    v->left = tally_left(&t, slots, line->limit);
}

static bool input_ok(const struct ledger_line *lines, int n)
{
    bool ok = n >= 1 && n <= LEDGER_MOST_LINES;
    for (int i = 0; ok && i < n; i++)
        ok = lines[i].amount >= 0 &&
             (lines[i].span.slots == 1 || lines[i].span.slots == PERIOD_SLOTS);
    return ok;
}

/* The cells of the rows and a free one for the lease. */
static int find_all(struct ledger *l, const struct ledger_line *lines, int n,
                    uint32_t *cells)
{
    bool some_new = false;
    int rc = 0;
    for (int i = 0; i < n; i++)
        some_new |= rows_find(l, lines[i].id.half) == LEDGER_NOWHERE;
    if (some_new || l->free_n == 0)
        rows_sweep(l, lines[0].span.now);
    for (int i = 0; rc == 0 && i < n; i++)
        rc = rows_of(l, &lines[i], &cells[i]);
    return rc == 0 ? rows_spare(l, &cells[n]) : rc;
}

static int reserve(struct ledger *l, const struct ledger_line *lines, int n,
                   struct ledger_lease *lease, struct ledger_refusal *no)
{
    uint32_t cells[LEDGER_STEP];
    int rc = find_all(l, lines, n, cells);
    if (rc != 0)
        return rc;
    int got = lease_make(l, lines, n, cells);
    if (got < n) {
        no->line = got;
        view(&l->cell[cells[got]], &lines[got], &no->view);
        return ERR_LIMIT;
    }
    l->free_n--;
    l->count.leases++;
    lease->cell = cells[n];
    lease->serial = l->live[cells[n]] = ++l->serial;
    return 0;
}

int ledger_reserve(struct ledger *l, const struct ledger_line *lines, int n,
                   struct ledger_lease *lease, struct ledger_refusal *no)
{
    *lease = (struct ledger_lease){.serial = 0};
    if (!is_ours(l))
        return ERR_STATE;
    if (!input_ok(lines, n))
        return ERR_INPUT;
    pthread_mutex_lock(&l->lock);
    int rc = reserve(l, lines, n, lease, no);
    pthread_mutex_unlock(&l->lock);
    return rc;
}

/* --- the end of one -------------------------------------------------------- */

/* Is it open, and of so many lines, if that is said? The lock is held. */
static int is_open(const struct ledger *l, const struct ledger_lease *lease,
                   int n)
{
    if (lease->serial == 0 || lease->cell >= l->cells ||
        l->live[lease->cell] != lease->serial)
        return ERR_MISSING;
    return n == 0 || l->cell[lease->cell].n == n ? 0 : ERR_INPUT;
}

static int settle(struct ledger *l, const struct ledger_lease *lease,
                  const int64_t *actual, int n, struct ledger_spent *spent)
{
    if (!is_ours(l))
        return ERR_STATE;
    pthread_mutex_lock(&l->lock);
    int rc = is_open(l, lease, n);
    if (rc == 0) {
        lease_end(l, lease->cell, actual, spent);
        l->count.leases--;
    }
    pthread_mutex_unlock(&l->lock);
    return rc;
}

int ledger_settle_seen(struct ledger *l, const struct ledger_lease *lease,
                       const int64_t *actual, int n, struct ledger_spent *spent)
{
    for (int i = 0; i < n; i++)
        spent[i] = (struct ledger_spent){0, 0};
    return n >= 1 ? settle(l, lease, actual, n, spent) : ERR_INPUT;
}

int ledger_settle(struct ledger *l, const struct ledger_lease *lease,
                  const int64_t *actual, int n)
{
    struct ledger_spent spent[LEDGER_MOST_LINES];
    return n >= 1 ? settle(l, lease, actual, n, spent) : ERR_INPUT;
}

int ledger_refund(struct ledger *l, const struct ledger_lease *lease)
{
    struct ledger_spent spent[LEDGER_MOST_LINES];
    return settle(l, lease, nothing, 0, spent);
}

int ledger_expire(struct ledger *l, const struct ledger_lease *lease)
{
    static const int64_t all[LEDGER_MOST_LINES] = {-1, -1, -1, -1,
                                                   -1, -1, -1, -1};
    struct ledger_spent spent[LEDGER_MOST_LINES];
    return settle(l, lease, all, 0, spent);
}

/* --- looking, and the disk ------------------------------------------------- */

void ledger_look(struct ledger *l, const struct ledger_line *line,
                 struct ledger_view *v)
{
    *v = (struct ledger_view){0};
    if (!is_ours(l))
        return;
    pthread_mutex_lock(&l->lock);
    uint32_t at = rows_find(l, line->id.half);
    view(at != LEDGER_NOWHERE ? &l->cell[at] : NULL, line, v);
    pthread_mutex_unlock(&l->lock);
}

void ledger_count(struct ledger *l, struct ledger_count *count)
{
    *count = (struct ledger_count){0};
    if (!is_ours(l))
        return;
    pthread_mutex_lock(&l->lock);
    *count = l->count;
    count->cells = l->cells;
    pthread_mutex_unlock(&l->lock);
}

/* What was settled before the disk had it all is now free on it, too. */
static void free_owed(struct ledger *l, uint32_t n)
{
    for (uint32_t i = 0; i < n; i++)
        rows_drop(l, l->owed[i]);
    l->owed_n -= n;
    memmove(l->owed, l->owed + n, l->owed_n * sizeof *l->owed);
}

static int sync_all(struct ledger *l)
{
    pthread_mutex_lock(&l->lock);
    uint32_t n = l->owed_n;
    size_t used = map_used(l);
    pthread_mutex_unlock(&l->lock);
    if (msync(l->head, used, MS_SYNC) != 0)
        return ERR_SYSTEM;
    pthread_mutex_lock(&l->lock);
    free_owed(l, n);
    pthread_mutex_unlock(&l->lock);
    return 0;
}

int ledger_sync(struct ledger *l)
{
    if (!is_ours(l))
        return ERR_STATE;
    if (l->durability != STORE_POWER || l->fd < 0)
        return 0;
    pthread_mutex_lock(&l->syncing);
    int rc = sync_all(l);
    pthread_mutex_unlock(&l->syncing);
    return rc;
}
