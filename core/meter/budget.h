/*
** budget.h -- what was spent of a budget, and what is promised to be.
**
**     limit |------------------------------------------|
**           | spent            | reserved     | left   |
**
** A tally counts for one budget and one key (a user, a team), in whole units:
** tokens or nano-dollars. Before work begins its upper bound is reserved; when
** it has ended the bound is given back and what it cost is spent. So spent and
** reserved together never pass the limit unless a bound was wrong or the limit
** was lowered.
**
** A tally keeps one slot for a period of the calendar, or several for a window
** that rolls (period/period.h). A reservation belongs to the slot it was made in: when
** that has gone by, so has what it cost. The clock may go back: a tally stays
** in the slot it had reached; if that is too far ahead to have been right, all
** of it is moved to where the clock is now and counts there.
**
** Plain memory, handed in: it may lie in a shared mapping. No lock, no clock.
** Sums stay at 2^63-1 and never wrap.
*/
#ifndef METER_BUDGET_H
#define METER_BUDGET_H

#include <stdbool.h>

#include "meter/period/period.h"

struct tally {
    int64_t newest; /* the slot it has reached */
    int64_t spent[PERIOD_SLOTS], reserved[PERIOD_SLOTS]; /* by slot, a ring */
};

/* A tally of which nothing is spent. */
void tally_init(struct tally *t, const struct span *at);

/* Go to the slot that it is now; those that have gone by are forgotten. True:
** the clock was far ahead and all was moved, also what is reserved, as spent;
** what is settled later of reservations from before counts nowhere. */
bool tally_enter(struct tally *t, const struct span *at);

/* What is spent, reserved, and both, over the slots that count. */
int64_t tally_spent(const struct tally *t, int slots);
int64_t tally_reserved(const struct tally *t, int slots);
int64_t tally_used(const struct tally *t, int slots);

/* What is left of a limit, 0 at least. */
int64_t tally_left(const struct tally *t, int slots, int64_t limit);

/* Does it still count what was reserved in that slot? */
bool tally_holds(const struct tally *t, int slots, int64_t slot);

/* What was reserved in a slot has ended: `bound` is given back, `actual` spent,
** be it more or less. Nothing when the slot has gone by. */
void tally_settle(struct tally *t, int slots, int64_t slot,
                  const int64_t bound_actual[2]);

/* What one of several budgets is asked for. */
struct budget_line {
    struct tally *tally; /* entered */
    int slots;
    int64_t limit, amount; /* of the limit, below 0 is 0 */
};

/* Reserve each line's amount, all of them or none: n, or the first line that
** does not have so much, or whose amount is below 0. Lines may share a tally. */
int budget_reserve(const struct budget_line *lines, int n);

#endif
