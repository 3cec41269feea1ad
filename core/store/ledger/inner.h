/*
** inner.h -- how a ledger lies in its file, and what its files share.
**
** Only rows and leases are in the file. Where a row is (the index), what is
** free and which leases are open is worked out on opening and kept in memory,
** so nothing in the file can disagree with itself.
**
** A step changes several cells. Killed in the middle, it must not have been:
**
**     copy the cells into the journal; say how many; change them; say none
**
** Whoever opens a file whose journal says some puts the copies back, twice if
** he is killed too. That is all: instructions of a thread that is killed have
** happened up to one of them and not behind it, so only the compiler needs to be
** told the order. A reservation that is refused is undone the same way.
*/
#ifndef STORE_LEDGER_INNER_H
#define STORE_LEDGER_INNER_H

#include <pthread.h>
#include <stdatomic.h>

#include "store/ledger.h"

#define LEDGER_MAGIC   UINT64_C(0x72656764656c6c70) /* "plledger" */
#define LEDGER_LAYOUT  1
#define LEDGER_HEAD    4096
#define LEDGER_STEP    (LEDGER_MOST_LINES + 1) /* cells of one step */
#define LEDGER_NOWHERE UINT32_MAX

enum cell_kind { CELL_FREE, CELL_ROW, CELL_LEASE, CELL_KINDS };

/* What a lease holds of a row. */
struct share {
    uint32_t row;
    uint32_t tag; /* the row's at that time; another one: it is over */
    int64_t slot;
    int64_t amount;
};

/* A free cell is all zero. */
struct cell {
    uint64_t check; /* of all that follows, and of where it lies */
    uint16_t kind;
    uint16_t n;   /* a row's slots; a lease's shares */
    uint32_t tag; /* of a row: differs when a cell becomes another row */
    uint64_t id[2];
    nanos until; /* a row's: nothing in it counts from then on */
    union {
        struct tally tally;
        struct share shares[LEDGER_MOST_LINES];
    };
};
_Static_assert(sizeof(struct cell) == 256, "a cell has 256 bytes");

struct head {
    uint64_t magic;
    uint32_t layout, cell;
    uint64_t key[2];
    uint64_t check;          /* of the above */
    _Atomic uint64_t cells;  /* how many, and the same inverted above it */
    _Atomic uint32_t undo_n; /* cells in the journal: see step.c */
    uint32_t undo_at[LEDGER_STEP];
    struct cell undo[LEDGER_STEP];
};
_Static_assert(sizeof(struct head) <= LEDGER_HEAD, "the head has a page");

struct ledger {
    pthread_mutex_t lock;    /* over all below, but for: */
    pthread_mutex_t syncing; /* one sync at a time */
    const uint32_t *ours;    /* 0 in a child after a fork */
    char *path;              /* NULL: in memory */
    int fd;
    enum store_durability durability;
    size_t map_n;
    struct head *head;
    struct cell *cell;
    uint32_t cells, most; /* cells there are, and may be */

    uint64_t serial;  /* of the last lease or row */
    uint64_t *live;   /* by cell: the serial of the open lease in it, or 0 */
    uint32_t *slots;  /* the index: rows by id, 0 none, else cell + 1 */
    uint32_t slots_n; /* a power of two, twice the cells at least */
    uint32_t *free;   /* cells that are */
    uint32_t *owed;   /* settled, and open on the disk until a sync */
    uint32_t free_n, owed_n;
    uint32_t hand; /* the sweep is here */
    bool drained;  /* see ledger_drain */
    struct ledger_count count;
};

/* --- map.c: the file ------------------------------------------------------- */

/* Open, lock, make if new, map and check the head. On failure nothing is
** left open. */
enum store_result map_open(struct ledger *l, const struct ledger_options *,
                           struct store_why *why);
void map_close(struct ledger *l);

/* Make it some cells larger: 0, ERR_SYSTEM. And the bytes that are used. */
int map_grow(struct ledger *l, uint32_t cells);
size_t map_used(const struct ledger *l);

/* --- step.c: all or nothing ------------------------------------------------ */

/* Say which cells will change, and that they have; or put them back. */
void step_begin(struct ledger *l, const uint32_t *at, uint32_t n);
void step_end(struct ledger *l);
void step_undo(struct ledger *l);
/* Is the cell what was written? */
bool step_whole(const struct ledger *l, uint32_t at);

/* Finish what a dead process had begun; false: the journal is damaged. */
bool step_recover(struct ledger *l);

/* --- rows.c: where things are ---------------------------------------------- */

/* Memory for so many cells; what is free beyond `from` is listed. */
int rows_room(struct ledger *l, uint32_t cells);

/* The cell of an id, or LEDGER_NOWHERE. */
uint32_t rows_find(const struct ledger *l, const uint64_t id[2]);
/* And the other way: put a row that is in the file into the index. */
void rows_index(struct ledger *l, uint32_t at);

/* Let some of the rows go that count for nothing. */
void rows_sweep(struct ledger *l, nanos now);

/* The row of a line, made when there is none: 0 or ERR_*. */
int rows_of(struct ledger *l, const struct ledger_line *line, uint32_t *at);

/* A free cell, from the list or from a larger file; it stays on the list until
** it is taken: 0 or ERR_*. */
int rows_spare(struct ledger *l, uint32_t *at);

/* Make a cell free, as a step. */
void rows_drop(struct ledger *l, uint32_t at);

/* --- lease.c: reservations ------------------------------------------------- */

/* Make one over rows that are there: the line that refuses, or n. */
int lease_make(struct ledger *l, const struct ledger_line *lines, int n,
               const uint32_t *cells);

/* Book its shares, `actual` or, if NULL, the bounds, and give its cell back, now or,
** with STORE_POWER, at the next sync. `spent`: for each, before and after. */
void lease_end(struct ledger *l, uint32_t at, const int64_t *actual,
               struct ledger_spent *spent);

#endif
