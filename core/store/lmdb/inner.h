/*
** inner.h -- what the files of the store on LMDB share. Private to them.
**
**     open.c      the stores of this process, by folder
**     folder.c    the folder, and who has it
**     inspect.c   is the file one that LMDB can be trusted with?
**     env.c       LMDB's environment: opening, growing, reading, failing
**     tables.c    named tables; the layout's version
**     read.c      looking
**     writer.c    one thread, one queue, groups of batches
**     apply.c     one batch in a transaction; expiry
**     compact.c   the same rows in a smaller file
**
**     runtimes --commit--> queue --> [writer: apply, sync] --> done
**         \---look---> a read transaction, ended before the look returns
**
** A map that grows moves, so nobody may look meanwhile: `mapped` is held for
** reading by each look, and for writing by whoever grows the map. Nothing else
** is waited for by a look.
*/
#ifndef STORE_LMDB_INNER_H
#define STORE_LMDB_INNER_H

#include <lmdb.h>
#include <pthread.h>
#include <stdatomic.h>
#include <sys/types.h>

#include "store/batch.h"
#include "store/lmdb/folder.h"
#include "store/store.h"

#define LAYOUT_VERSION 1
#define MOST_READERS   32

/* What guard says where LMDB would have ended the process. */
#define GUARD_BROKEN (-40000)

struct table {
    char name[STORE_MOST_NAME + 1];
    MDB_dbi dbi;
};

struct lmdb {
    struct store store;
    struct lmdb *next; /* in the list of this process, as the next one */
    int refs;
    char *path;
    int forks; /* of this process, when it was opened */
    struct folder folder;
    struct store_options options;
    atomic_bool damaged; /* never to be touched again */

    pthread_rwlock_t mapped; /* of env, and of the handles of tables */
    MDB_env *env;
    size_t map;
    struct table tables[STORE_MOST_TABLES];
    atomic_int tables_n; /* those that are on the disk */
    MDB_dbi expiry;

    pthread_mutex_t shelf; /* of read transactions that rest */
    MDB_txn *resting[MOST_READERS];
    int resting_n;

    pthread_mutex_t lock; /* of the queue */
    pthread_cond_t filled;
    struct batch *first, *last;
    size_t queued; /* bytes */
    bool closing, started;
    pthread_t thread;
};

/* --- open.c ---------------------------------------------------------------- */

/* Has this process been forked since? */
bool lmdb_forked(const struct lmdb *s);

/* --- env.c ----------------------------------------------------------------- */

/* Open the environment in s->path, and what is in it; what is wrong goes to
** *detail if there is more to say than the result. */
enum store_result env_open(struct lmdb *s, const char **detail);
void env_close(struct lmdb *s);

/* [writer] Close and open again: LMDB asks for that after some failures. */
enum store_result env_again(struct lmdb *s);

/* [writer, in no transaction] Let the map be `size` bytes. */
int env_map(struct lmdb *s, size_t size);

/* Begin to look, and end. Between them nothing may wait. */
int env_reader(struct lmdb *s, MDB_txn **txn);
void env_rest(struct lmdb *s, MDB_txn *txn);

/* Call fn(arg), which calls LMDB. Its result, or GUARD_BROKEN where LMDB found
** what cannot be; then the store is damaged for good. */
int env_guard(struct lmdb *s, int (*fn)(void *), void *arg);

/* [writer] LMDB says EIO also when a disk or a limit cut a write of `bytes`
** short: which of them it was. */
int env_cut_short(struct lmdb *s, size_t bytes);

/* A result of LMDB, or an errno, as one of ours. */
enum store_result env_result(int rc);

/* --- tables.c -------------------------------------------------------------- */

/* Open all tables, in a transaction; a new store gets its layout. */
int tables_open(struct lmdb *s, MDB_txn *txn, const char **detail);

/* A table that is on the disk; NULL. [writer: with those of `fresh` behind
** them, which the running transaction has made] */
const struct table *table_find(const struct lmdb *s, str name, int fresh);

/* [writer] The table of that name; made if need be, and counted in *fresh. */
int table_make(struct lmdb *s, MDB_txn *txn, str name, int *fresh);

/* --- read.c, writer.c, apply.c --------------------------------------------- */

/* The operations of struct store_ops. */
void lmdb_look(struct store *, const struct store_look *);
enum store_result lmdb_every(struct store *, const struct store_look *);
enum store_result lmdb_stat(struct store *, struct store_stat *);
enum store_result lmdb_commit(struct store *, struct batch *);
uint64_t lmdb_version(struct store *);

/* Write what is queued, and end the thread. */
void writer_stop(struct lmdb *s);

/* A write transaction over a group. */
struct group {
    struct lmdb *s;
    struct batch *first;
    MDB_txn *txn;
    int fresh; /* tables it has made */
    int swept;
};

/* Apply a batch: 0, with its result noted; or LMDB's failure, and the whole
** transaction is lost. */
int apply_batch(struct group *g, struct batch *b);

/* Delete at most `most` rows that have expired by `now`. */
int apply_sweep(struct group *g, nanos now, int most);

#endif
