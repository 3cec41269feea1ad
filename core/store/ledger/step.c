/*
** step.c -- copies first, then changes; and the other way round.
**
** The check of a cell is of its place too, so that a page written to where
** another belongs is found out. Four lanes, for speed; against accidents only.
*/
#include <string.h>

#include "base/defence.h"
#include "store/ledger/inner.h"

#define WORDS (sizeof(struct cell) / 8)
#define ODD   UINT64_C(0x9e3779b97f4a7c15)

/* The compiler moves no store across. */
static void order(void)
{
    atomic_signal_fence(memory_order_seq_cst);
}

static uint64_t mix(uint64_t a, uint64_t word)
{
    a = (a ^ word) * ODD;
    return a ^ a >> 29;
}

static uint64_t check_of(const struct cell *c, uint32_t at)
{
    uint64_t w[WORDS], lane[4] = {at, 1, 2, 3};
    memcpy(w, c, sizeof w);
    w[0] = 0;
    for (size_t i = 0; i < WORDS; i += 4)
        for (size_t k = 0; k < 4; k++)
            lane[k] = (lane[k] ^ w[i + k]) * ODD;
    return mix(mix(mix(lane[0], lane[1]), lane[2]), lane[3]) | 1;
}

static bool is_free(const struct cell *c)
{
    static const struct cell zero;
    return memcmp(c, &zero, sizeof zero) == 0;
}

static bool whole(const struct cell *c, uint32_t at)
{
    return is_free(c) || (c->kind > CELL_FREE && c->kind < CELL_KINDS &&
                          c->check == check_of(c, at));
}

bool step_whole(const struct ledger *l, uint32_t at)
{
    return whole(&l->cell[at], at);
}

/* How many are in the journal is said four times over: zero stays zero, and no
** bit that falls over makes a journal of what was undone or done long ago. */
#define FOUR_TIMES UINT32_C(0x01010101)

static uint32_t in_journal(const struct head *h)
{
    return atomic_load_explicit(&h->undo_n, memory_order_relaxed) & 0xff;
}

static bool says_so(const struct head *h)
{
    return atomic_load(&h->undo_n) == in_journal(h) * FOUR_TIMES ||
           !DEFENCE(ledger_journal);
}

void step_begin(struct ledger *l, const uint32_t *at, uint32_t n)
{
    struct head *h = l->head;
    for (uint32_t i = 0; i < n; i++) {
        h->undo_at[i] = at[i];
        memcpy(&h->undo[i], &l->cell[at[i]], sizeof(struct cell));
    }
    order();
    atomic_store_explicit(&h->undo_n, n * FOUR_TIMES, memory_order_release);
    order();
}

static void say_none(struct head *h)
{
    order();
    atomic_store_explicit(&h->undo_n, 0, memory_order_release);
    order();
}

void step_end(struct ledger *l)
{
    uint32_t n = in_journal(l->head);
    for (uint32_t i = 0; i < n; i++) {
        uint32_t at = l->head->undo_at[i];
        struct cell *c = &l->cell[at];
        c->check = c->kind == CELL_FREE ? 0 : check_of(c, at);
    }
    say_none(l->head);
}

void step_undo(struct ledger *l)
{
    struct head *h = l->head;
    uint32_t n = in_journal(h);
    for (uint32_t i = n; i-- > 0;)
        memcpy(&l->cell[h->undo_at[i]], &h->undo[i], sizeof(struct cell));
    say_none(h);
}

bool step_recover(struct ledger *l)
{
    struct head *h = l->head;
    uint32_t n = in_journal(h);
    if (n > LEDGER_STEP || !says_so(h))
        return false;
    for (uint32_t i = 0; i < n; i++)
        if (h->undo_at[i] >= l->cells || !whole(&h->undo[i], h->undo_at[i]))
            return false;
    if (DEFENCE(ledger_undo))
        step_undo(l);
    return true;
}
