/*
** open.c -- from a file to a ledger: what was half done is undone, every cell is
** looked at, what the dead had reserved is booked.
**
** Each of these may be cut off and begun again. Nothing is repaired by guess:
** a cell that is not what was written, or two rows of one id, and the file is
** refused.
*/
#include <stdio.h>
#include <string.h>

#include "base/defence.h"
#include "base/mem.h"
#include "store/ledger/inner.h"

static bool lease_sane(const struct ledger *l, const struct cell *c)
{
    bool sane = c->n >= 1 && c->n <= LEDGER_MOST_LINES;
    for (int i = 0; sane && i < c->n; i++)
        sane = c->shares[i].amount >= 0 && c->shares[i].row < l->cells;
    return sane;
}

static bool row_sane(const struct ledger *l, const struct cell *c)
{
    bool sane = c->n == 1 || c->n == PERIOD_SLOTS;
    for (int i = 0; sane && i < PERIOD_SLOTS; i++)
        sane = c->tally.spent[i] >= 0 && c->tally.reserved[i] >= 0;
    return sane && rows_find(l, c->id) == LEDGER_NOWHERE;
}

/* Look at a cell and put it where it belongs. */
static bool take_in(struct ledger *l, uint32_t at)
{
    const struct cell *c = &l->cell[at];
    if (!step_whole(l, at))
        return false;
    l->serial = c->tag > l->serial ? c->tag : l->serial;
    if (c->kind == CELL_FREE)
        l->free[l->free_n++] = at;
    if (c->kind == CELL_LEASE)
        return lease_sane(l, c);
    if (c->kind == CELL_ROW) {
        if (!row_sane(l, c))
            return false;
        rows_index(l, at);
        l->count.rows++;
    }
    return true;
}

/* Book what is left of the dead; then nothing is reserved, whatever a loss of
** power has made of it. */
static void bury(struct ledger *l)
{
    struct ledger_spent spent[LEDGER_MOST_LINES];
    for (uint32_t at = 0; at < l->cells; at++) {
        if (l->cell[at].kind != CELL_LEASE || !DEFENCE(ledger_dead))
            continue;
        lease_end(l, at, NULL, spent);
        l->count.expired++;
    }
    for (uint32_t at = 0; at < l->cells; at++) {
        struct cell *c = &l->cell[at];
        if (c->kind != CELL_ROW || tally_reserved(&c->tally, c->n) == 0)
            continue;
        step_begin(l, &at, 1);
        memset(c->tally.reserved, 0, sizeof c->tally.reserved);
        step_end(l);
    }
}

static enum store_result damaged(const struct ledger *l, struct store_why *why,
                                 uint32_t at)
{
    char what[64];
    snprintf(what, sizeof what, "its cell %u is not what was written", at);
    return store_say(why, STORE_DAMAGED, l->path, what);
}

static enum store_result read_all(struct ledger *l, struct store_why *why)
{
    if (!step_recover(l))
        return store_say(why, STORE_DAMAGED, l->path, "its journal");
    /* the index is built cell by cell: none is in it that was not looked at */
    uint32_t cells = l->cells;
    l->cells = 0;
    int rc = rows_room(l, cells);
    l->cells = cells;
    if (rc != 0)
        return store_say(why, STORE_MEMORY, l->path != NULL ? l->path : "",
                         NULL);
    memset(l->live, 0, (cells > 0 ? cells : 1) * sizeof *l->live);
    for (uint32_t at = cells; at-- > 0;)
        if (!take_in(l, at))
            return damaged(l, why, at);
    bury(l);
    return STORE_OK;
}

enum store_result ledger_open(struct ledger **out,
                              const struct ledger_options *options,
                              struct store_why *why)
{
    struct ledger *l = mem_zero(sizeof *l);
    *out = NULL;
    if (l == NULL)
        return store_say(why, STORE_MEMORY,
                         options->folder != NULL ? options->folder : "", NULL);
    pthread_mutex_init(&l->lock, NULL);
    pthread_mutex_init(&l->syncing, NULL);
    enum store_result result = map_open(l, options, why);
    if (result == STORE_OK)
        result = read_all(l, why);
    if (result != STORE_OK)
        ledger_close(l);
    else
        *out = l;
    return result;
}

void ledger_close(struct ledger *l)
{
    if (l == NULL)
        return;
    if (l->owed_n > 0)
        ledger_sync(l);
    map_close(l);
    pthread_mutex_destroy(&l->lock);
    pthread_mutex_destroy(&l->syncing);
    mem_free(l->live);
    mem_free(l->slots);
    mem_free(l->free);
    mem_free(l->owed);
    mem_free(l);
}
