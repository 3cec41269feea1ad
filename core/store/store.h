/*
** store.h -- what outlives the process: named tables of rows.
**
**     runtimes:  store_look --> rows, at once      store_commit --> done, later
**     ----------------------------------------------------------------------
**                 lmdb/ (this process's disk)       later: a store over a net
**
** A row has a key and a value, or counts; it may expire. Rows are changed by
** batches (batch.h), each as a whole or not at all. Both ways of asking end in
** a completion, so that a store that answers later fits behind them: LMDB
** calls that of a look before store_look returns, on the caller's thread, and
** that of a batch on the writer's thread. Whoever needs to be told on his own
** loop posts it there: this room knows no loop.
**
** Time is brought in, by the calendar: nanos since 1970. What goes wrong is an
** enum store_result (trouble.h), and nothing that a disk does ends the process.
** Any thread may ask. After a fork the child's use is refused.
*/
#ifndef STORE_STORE_H
#define STORE_STORE_H

#include "base/nanos.h"
#include "base/str.h"
#include "store/trouble.h"

struct store;
struct batch;

#define STORE_MOST_TABLES 60
#define STORE_MOST_NAME   40  /* bytes of a table's: letters, digits, '_' */
#define STORE_MOST_KEY    400 /* bytes, at least 1 */
#define STORE_MOST_VALUE  ((size_t)32 << 20)

/* What survives. */
enum store_durability {
    STORE_PROCESS, /* SIGKILL: the kernel has what was committed */
    STORE_POWER    /* loss of power: the disk has it */
};

struct store_options {
    const char *path; /* a folder; made if it is not there, its parent is not */
    enum store_durability durability;
    bool read_only; /* look only, also at what another process has open */
    size_t most;    /* bytes it may grow to, 1 MiB at least [4 GiB] */
    size_t queue;   /* bytes of batches that may wait [32 MiB] */
};

/* A row as it is seen; its texts are borrowed until the callback returns. */
struct row {
    str table, key;
    str value;     /* absent when it counts */
    int64_t count; /* when it counts */
    nanos expires; /* NANOS_NEVER */
};

/* A question. `row` is called for each row that answers it, then `done` once, with STORE_OK,
** STORE_MISSING if there was none, or what went wrong. `row` asks nothing of the store itself. */
struct store_look {
    str table;
    str key;   /* the row's; or what keys begin with, see `most` */
    str after; /* with `most`: only keys behind this one, if not absent */
    int most;  /* 0: the row `key`. Else as many rows, in order of keys */
    nanos now; /* what expires by then is not there */
    void (*row)(void *user, const struct row *);
    void (*done)(void *user, enum store_result); /* or NULL */
    void *user;
};

/* What there is. */
struct store_table_stat {
    char name[STORE_MOST_NAME + 1];
    uint64_t rows, bytes; /* in pages of its own */
};
struct store_stat {
    int layout, tables_n;
    uint64_t map, file, used; /* bytes: mapped, in the file, not free in it */
    uint64_t expiring;        /* rows that will expire */
    struct store_table_stat tables[STORE_MOST_TABLES];
};

struct store_ops {
    void (*look)(struct store *, const struct store_look *);
    enum store_result (*commit)(struct store *, struct batch *);
    enum store_result (*every)(struct store *, const struct store_look *);
    enum store_result (*stat)(struct store *, struct store_stat *);
    uint64_t (*version)(struct store *);
    void (*close)(struct store *);
};

struct store {
    const struct store_ops *ops;
    const char *path;
};

/* Open the store of a folder. Within a process the stores of one folder are
** one store, counted, with the options it was first opened with. STORE_OK, or
** why not, also in words. */
enum store_result store_open(struct store **out, const struct store_options *,
                             struct store_why *why);

/* Let go of it; the last one waits until what was handed in is written. NULL is
** fine. */
static inline void store_close(struct store *s)
{
    if (s != NULL)
        s->ops->close(s);
}

/* Look at one row, or at some. */
static inline void store_look(struct store *s, const struct store_look *look)
{
    s->ops->look(s, look);
}

/* Hand a batch in. STORE_OK: it belongs to the store until its `done` was
** called, once, whatever becomes of it. Else it stays the caller's and `done`
** is not called: STORE_QUEUE, or what is wrong with it. */
static inline enum store_result store_commit(struct store *s, struct batch *b)
{
    return s->ops->commit(s, b);
}

/* Hand every live row of every table to look->row, as they were at one moment;
** of `look` only row, user and now count. STORE_DAMAGED: all but those that are
** not what was written. */
static inline enum store_result store_every(struct store *s,
                                            const struct store_look *look)
{
    return s->ops->every(s, look);
}

/* Count what there is. */
static inline enum store_result store_stat(struct store *s,
                                           struct store_stat *stat)
{
    return s->ops->stat(s, stat);
}

/* Another number after each change, whoever made it; 0: not known. No system call. */
uint64_t store_version(struct store *s);

/* For tools: hand a batch in and wait until it is written. */
enum store_result store_write(struct store *s, struct batch *b);

/* Rewrite the store of a folder without the room that is free in it. No process
** may have it open. The sizes of its file before and after. */
enum store_result store_compact(const char *path, uint64_t sizes[2],
                                struct store_why *why);

#endif
