/*
** lease.c -- one reservation: made as one step, ended as one step.
**
** The cells of a step are its rows and, last, the lease's own. A row that has
** become another since, or has moved on to another period, is left alone: what
** was reserved there is over.
*/
#include <string.h>

#include "base/defence.h"
#include "store/ledger/inner.h"

static void enter(struct ledger *l, struct cell *c, const struct span *span)
{
    if (tally_enter(&c->tally, span))
        c->tag = (uint32_t)++l->serial;
    if (c->until < span->until || c->tally.newest == span->slot)
        c->until = span->until;
}

static void fill(struct ledger *l, const struct ledger_line *lines, int n,
                 const uint32_t *cells)
{
    struct cell *c = &l->cell[cells[n]];
    c->kind = CELL_LEASE;
    c->n = (uint16_t)n;
    for (int i = 0; i < n; i++) {
        const struct cell *row = &l->cell[cells[i]];
        c->shares[i] = (struct share){.row = cells[i],
                                      .tag = row->tag,
                                      .slot = row->tally.newest,
                                      .amount = lines[i].amount};
    }
}

int lease_make(struct ledger *l, const struct ledger_line *lines, int n,
               const uint32_t *cells)
{
    struct budget_line asked[LEDGER_MOST_LINES];
    step_begin(l, cells, (uint32_t)n + 1);
    for (int i = 0; i < n; i++) {
        struct cell *row = &l->cell[cells[i]];
        enter(l, row, &lines[i].span);
        asked[i] = (struct budget_line){.tally = &row->tally,
                                        .slots = row->n,
                                        .limit = lines[i].limit,
                                        .amount = lines[i].amount};
    }
    int got = budget_reserve(asked, n);
    if (got < n) {
        step_undo(l);
        return got;
    }
    fill(l, lines, n, cells);
    step_end(l);
    return n;
}

/* --- the end --------------------------------------------------------------- */

/* The rows that still hold a share, and the lease behind them; how many. */
static uint32_t cells_of(const struct ledger *l, uint32_t at, uint32_t *cells)
{
    const struct cell *c = &l->cell[at];
    uint32_t n = 0;
    for (int i = 0; i < c->n; i++) {
        const struct share *s = &c->shares[i];
        const struct cell *row = s->row < l->cells ? &l->cell[s->row] : NULL;
        if (row != NULL && row->kind == CELL_ROW && row->tag == s->tag)
            cells[n++] = s->row;
    }
    cells[n] = at;
    return n + 1;
}

static struct ledger_spent book(struct ledger *l, const struct share *s,
                                int64_t actual)
{
    struct ledger_spent spent = {0, 0};
    struct cell *row = &l->cell[s->row];
    int64_t bound_actual[2] = {s->amount, actual};
    if (s->row >= l->cells || row->kind != CELL_ROW || row->tag != s->tag)
        return spent;
    spent.before = tally_spent(&row->tally, row->n);
    tally_settle(&row->tally, row->n, s->slot, bound_actual);
    spent.after = tally_spent(&row->tally, row->n);
    return spent;
}

void lease_end(struct ledger *l, uint32_t at, const int64_t *actual,
               struct ledger_spent *spent)
{
    uint32_t cells[LEDGER_STEP];
    struct cell *c = &l->cell[at];
    bool later = l->durability == STORE_POWER && actual != NULL;
    step_begin(l, cells, cells_of(l, at, cells));
    for (int i = 0; i < c->n; i++) {
        const struct share *s = &c->shares[i];
        int64_t cost = actual != NULL && actual[i] >= 0 ? actual[i] : s->amount;
        l->count.violations += cost > s->amount;
        spent[i] = book(l, s, cost);
    }
    if (!later)
        memset(c, 0, sizeof *c);
    step_end(l);
    l->live[at] = 0;
    if (later)
        l->owed[l->owed_n++] = at;
    else
        l->free[l->free_n++] = at;
}
