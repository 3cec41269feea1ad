/*
** rows.c -- an index with open places, a list of free cells, and a hand that
** sweeps.
**
** Ids are keyed hashes already, so their bits are the place to look. Each new
** row moves the hand over eight cells and frees those of which nothing is used,
** or whose period has long been over: users that come once leave again, and nobody
** waits for a great sweep. In a file that may not grow it goes further.
** An hour of grace is for clocks that are set back.
**
** A client may make names up. So rows never take the last cells, which leases
** need: when they have all others, who has a row goes on, and only who has none
** is refused.
*/
#include <string.h>

#include "base/defence.h"
#include "base/err.h"
#include "base/mem.h"
#include "store/ledger/inner.h"

#define GRACE      (3600 * NANOS_S)
#define STEPS      8
#define STEPS_FULL 512
#define LEAST      64
#define GROW       16384 /* cells at once, at most: 4 MiB */
#define LEASES     16    /* one cell of so many is no row's */

/* --- the index ------------------------------------------------------------- */

static uint32_t home(const struct ledger *l, const uint64_t id[2])
{
    return (uint32_t)id[0] & (l->slots_n - 1);
}

static bool is(const struct ledger *l, uint32_t slot, const uint64_t id[2])
{
    const struct cell *c = &l->cell[l->slots[slot] - 1];
    return c->id[0] == id[0] && c->id[1] == id[1];
}

static uint32_t slot_of(const struct ledger *l, const uint64_t id[2])
{
    uint32_t slot = home(l, id);
    while (l->slots[slot] != 0 && !is(l, slot, id))
        slot = (slot + 1) & (l->slots_n - 1);
    return slot;
}

uint32_t rows_find(const struct ledger *l, const uint64_t id[2])
{
    uint32_t found = l->slots_n != 0 ? l->slots[slot_of(l, id)] : 0;
    return found != 0 ? found - 1 : LEDGER_NOWHERE;
}

void rows_index(struct ledger *l, uint32_t at)
{
    l->slots[slot_of(l, l->cell[at].id)] = at + 1;
}

/* Take one out, and let those behind it move up to where they are found. */
static void unindex(struct ledger *l, uint32_t at)
{
    uint32_t mask = l->slots_n - 1, hole = slot_of(l, l->cell[at].id);
    for (uint32_t i = (hole + 1) & mask; l->slots[i] != 0; i = (i + 1) & mask) {
        uint32_t wants = home(l, l->cell[l->slots[i] - 1].id);
        if (((i - wants) & mask) >= ((i - hole) & mask)) {
            l->slots[hole] = l->slots[i];
            hole = i;
        }
    }
    l->slots[hole] = 0;
}

/* --- room ------------------------------------------------------------------ */

static bool resize(void *array, size_t each, uint32_t n)
{
    void *old, *p;
    memcpy(&old, array, sizeof old);
    p = mem_resize(old, each * n);
    if (p != NULL)
        memcpy(array, &p, sizeof p);
    return p != NULL;
}

static int new_index(struct ledger *l, uint32_t cells)
{
    uint32_t n = LEAST;
    while (n < 2 * cells)
        n *= 2;
    uint32_t *slots = n > l->slots_n ? mem_zero(n * sizeof *slots) : l->slots;
    if (slots == NULL)
        return ERR_MEMORY;
    if (slots == l->slots)
        return 0;
    mem_free(l->slots);
    l->slots = slots;
    l->slots_n = n;
    for (uint32_t i = 0; i < l->cells; i++)
        if (l->cell[i].kind == CELL_ROW)
            rows_index(l, i);
    return 0;
}

int rows_room(struct ledger *l, uint32_t cells)
{
    uint32_t n = cells > LEAST ? cells : LEAST;
    if (!resize(&l->live, sizeof *l->live, n) ||
        !resize(&l->free, sizeof *l->free, n) ||
        !resize(&l->owed, sizeof *l->owed, n))
        return ERR_MEMORY;
    return new_index(l, n);
}

static int grow(struct ledger *l)
{
    uint32_t more = l->cells < LEAST ? LEAST : l->cells, from = l->cells;
    more = more > GROW ? GROW : more;
    more = more > l->most - from ? l->most - from : more;
    int rc = more == 0 ? ERR_SYSTEM : rows_room(l, from + more);
    rc = rc == 0 ? map_grow(l, more) : rc;
    for (uint32_t i = from + more; rc == 0 && i-- > from;) {
        l->live[i] = 0;
        l->free[l->free_n++] = i;
    }
    return rc;
}

int rows_spare(struct ledger *l, uint32_t *at)
{
    int rc = l->free_n == 0 ? grow(l) : 0;
    if (rc == 0)
        *at = l->free[l->free_n - 1];
    return rc;
}

/* --- rows ------------------------------------------------------------------ */

void rows_drop(struct ledger *l, uint32_t at)
{
    if (l->cell[at].kind == CELL_ROW) {
        unindex(l, at);
        l->count.rows--;
    }
    step_begin(l, &at, 1);
    memset(&l->cell[at], 0, sizeof(struct cell));
    step_end(l);
    l->free[l->free_n++] = at;
}

static bool is_crowded(const struct ledger *l)
{
    return l->count.rows >= l->most - l->most / LEASES;
}

/* Would it make no difference if it were not there? */
static bool is_idle(const struct cell *c, nanos now)
{
    return c->kind == CELL_ROW &&
           (c->until < now - GRACE || tally_used(&c->tally, c->n) == 0);
}

void rows_sweep(struct ledger *l, nanos now)
{
    bool full = l->cells == l->most || is_crowded(l);
    int steps = full ? STEPS_FULL : STEPS;
    for (int i = 0; i < steps && l->cells > 0; i++) {
        uint32_t at = l->hand;
        l->hand = at + 1 < l->cells ? at + 1 : 0;
        if (is_idle(&l->cell[at], now))
            rows_drop(l, at);
    }
}

static void make(struct ledger *l, uint32_t at, const struct ledger_line *line)
{
    struct cell *c = &l->cell[at];
    step_begin(l, &at, 1);
    c->kind = CELL_ROW;
    c->n = (uint16_t)line->span.slots;
    c->tag = (uint32_t)++l->serial;
    memcpy(c->id, line->id.half, sizeof c->id);
    c->until = line->span.until;
    tally_init(&c->tally, &line->span);
    step_end(l);
    l->free_n--;
    l->count.rows++;
    rows_index(l, at);
}

int rows_of(struct ledger *l, const struct ledger_line *line, uint32_t *at)
{
    *at = rows_find(l, line->id.half);
    if (*at != LEDGER_NOWHERE)
        return l->cell[*at].n == line->span.slots ? 0 : ERR_INPUT;
    bool room = !is_crowded(l) || !DEFENCE(ledger_leases);
    int rc = room ? rows_spare(l, at) : ERR_SYSTEM;
    if (rc == 0)
        make(l, *at, line);
    return rc;
}
