/*
** ledger.h -- what was spent of all budgets, where SIGKILL cannot reach it.
**
**     budgets.map   | head, journal | cell | cell | cell | ...   256 bytes each
**                                      row: one budget and key, a tally
**                                      lease: one reservation, its shares
**
** A file of the store's folder, mapped shared: what a process wrote there is
** the kernel's, however the process ends. A reservation is a lease on up to
** eight rows, made as one step before the request leaves. Leases found on
** opening are of processes that died: they are booked as spent, never as free.
**
** One process has the file, by a lock that the kernel lets go with the process,
** so no lock in the file can be stale and whoever finds leases owns them. Within
** it any thread may ask; a step is short and waits for no disk, unless the file
** grows. After a fork the child's use is refused.
**
** Durable against SIGKILL as it is; with STORE_POWER call ledger_sync behind a
** reservation and before the request leaves. What was settled since the last
** sync counts twice after a loss of power or SIGKILL: never not at all.
**
** Results are 0 or ERR_*. Amounts are whole units from 0 to 2^63-1.
*/
#ifndef STORE_LEDGER_H
#define STORE_LEDGER_H

#include "meter/budget.h"
#include "store/store.h"

#define LEDGER_MOST_LINES 8
#define LEDGER_UNKNOWN    (-1) /* for an actual amount: it was the bound */

struct ledger;

struct ledger_options {
    const char *folder; /* is there already; NULL: in memory, for no longer */
    enum store_durability durability;
    size_t most;      /* bytes it may grow to [256 MiB] */
    uint64_t dice[2]; /* a new file hashes keys by them */
};

/* Open, and book what dead processes had reserved. STORE_OK, or why not, also
** in words: STORE_BUSY, STORE_DAMAGED, STORE_NEWER, ... */
enum store_result ledger_open(struct ledger **out,
                              const struct ledger_options *,
                              struct store_why *why);

/* Let go; leases that are open are left to the next opening. NULL is fine. */
void ledger_close(struct ledger *l);

/* A budget and key as the file knows them: no text of them is in it. */
struct ledger_id {
    uint64_t half[2];
};
struct ledger_id ledger_id(const struct ledger *l, str budget, str key);

/* One budget of a reservation. An id has the same kind of span each time. */
struct ledger_line {
    struct ledger_id id;
    struct span span; /* where now lies in its period */
    int64_t limit;
    int64_t amount; /* the upper bound */
};

/* A reservation, to be settled once. */
struct ledger_lease {
    uint32_t cell;
    uint64_t serial; /* 0: none */
};

/* What there is of a budget. */
struct ledger_view {
    int64_t spent, reserved, left;
};

/* Why a reservation was refused. */
struct ledger_refusal {
    int line;
    struct ledger_view view; /* of that line's budget */
};

/* Reserve all lines or none, as one step. ERR_LIMIT: a budget refused, see *no.
** ERR_INPUT: an amount below 0, or not 1 to 8 lines. ERR_SYSTEM: no room in the
** file or on the disk. ERR_MEMORY. ERR_STATE: forked. On failure the lease is
** none. */
int ledger_reserve(struct ledger *l, const struct ledger_line *lines, int n,
                   struct ledger_lease *lease, struct ledger_refusal *no);

/* The work has ended: give the bounds back and book what it cost, line by line
** in the order they were reserved in; LEDGER_UNKNOWN books the bound. More than
** the bound is booked too, and counted. ERR_MISSING: it is not open. */
int ledger_settle(struct ledger *l, const struct ledger_lease *lease,
                  const int64_t *actual, int n);

/* The same, and what was spent of each line's budget before and after; both 0
** where its period is over. */
struct ledger_spent {
    int64_t before, after;
};
int ledger_settle_seen(struct ledger *l, const struct ledger_lease *lease,
                       const int64_t *actual, int n,
                       struct ledger_spent *spent);

/* It cost nothing; or all that was reserved. */
int ledger_refund(struct ledger *l, const struct ledger_lease *lease);
int ledger_expire(struct ledger *l, const struct ledger_lease *lease);

/* Look at a budget; nothing of it is kept for a key nobody has used. */
void ledger_look(struct ledger *l, const struct ledger_line *line,
                 struct ledger_view *view);

/* Wait until the disk has what was done so far; nothing to do unless
** STORE_POWER. Blocks: not on a loop. ERR_SYSTEM: the disk fails. */
int ledger_sync(struct ledger *l);

struct ledger_count {
    uint32_t rows, leases, cells;
    uint32_t expired;    /* leases of the dead, booked on opening */
    uint64_t violations; /* amounts that passed their bound, since opening */
};

/* What there is. */
void ledger_count(struct ledger *l, struct ledger_count *count);

#endif
