/*
** writer.c -- one thread writes for all, in groups.
**
**     store_commit --> queue (bounded by bytes) --> [ group: all that waits ]
**                                                     apply, commit, done...
**
** A commit costs the same for one batch as for a hundred, most of all where it
** waits for the disk. So whatever has gathered while the last group was written
** is the next one: under load groups grow by themselves, and alone a batch
** waits for nothing.
**
** What fails is tried again where that may help: of a full map, what readers
** hold that are dead is taken back, or it grows; at the most it may be, expired
** rows go first; of a group that does not fit each batch is
** tried alone; a failed environment is opened again. A batch that only deletes
** may use some room beyond the most, since to delete takes pages, too.
**
** The thread starts with the first batch. Its `done`s are called on it.
*/
#include <errno.h>
#include <signal.h>

#include "base/defence.h"
#include "base/stack.h"
#include "store/lmdb/inner.h"

#define MOST_GROUP 1024
#define SWEEP      32  /* expired rows that go with a group */
#define SWEEP_FULL 256 /* and when there is no room */
#define MOST_TRIES 40  /* the map doubles from 16 MiB */

/* --- a group --------------------------------------------------------------- */

static nanos latest(const struct batch *b)
{
    nanos now = 0;
    for (; b != NULL; b = b->next)
        now = b->now > now ? b->now : now;
    return now;
}

static int apply_all(struct group *g, int sweep)
{
    int rc = apply_sweep(g, latest(g->first), sweep);
    for (struct batch *b = g->first; b != NULL && rc == 0; b = b->next)
        rc = apply_batch(g, b);
    return rc;
}

static int transact(void *arg)
{
    struct group *g = arg;
    int rc = mdb_txn_begin(g->s->env, NULL, 0, &g->txn);
    if (rc != 0)
        return rc;
    rc = apply_all(g, SWEEP);
    if (rc == 0)
        return mdb_txn_commit(g->txn);
    mdb_txn_abort(g->txn);
    return rc;
}

/* Only what makes room: rows that have expired. */
static int sweep_only(void *arg)
{
    struct group *g = arg;
    int rc = mdb_txn_begin(g->s->env, NULL, 0, &g->txn);
    if (rc != 0)
        return rc;
    rc = apply_sweep(g, latest(g->first), SWEEP_FULL);
    if (rc == 0 && g->swept > 0)
        return mdb_txn_commit(g->txn);
    mdb_txn_abort(g->txn);
    return rc != 0 ? rc : MDB_MAP_FULL;
}

/* A transaction that leaves everything as it was. */
static int turn_over(void *arg)
{
    struct group *g = arg;
    MDB_val key = {1, ""}, nothing = {0, NULL};
    int rc = mdb_txn_begin(g->s->env, NULL, 0, &g->txn);
    if (rc != 0)
        return rc;
    rc = mdb_put(g->txn, g->s->expiry, &key, &nothing, 0);
    if (rc == 0)
        rc = mdb_del(g->txn, g->s->expiry, &key, NULL);
    if (rc == 0)
        return mdb_txn_commit(g->txn);
    mdb_txn_abort(g->txn);
    return rc;
}

/* Once: 0 when it is written, and tables it has made are there. */
static int attempt(struct lmdb *s, struct batch *first, int (*fn)(void *),
                   int *swept)
{
    struct group g = {.s = s, .first = first};
    if (atomic_load(&s->damaged))
        return GUARD_BROKEN;
    if (s->env == NULL)
        return MDB_PANIC;
    int rc = env_guard(s, fn, &g);
    if (rc == 0)
        atomic_fetch_add_explicit(&s->tables_n, g.fresh, memory_order_release);
    *swept = g.swept;
    return rc;
}

static size_t size_of(const struct batch *b)
{
    return sizeof *b + b->steps.n;
}

/* What a group writes, about: its rows, and pages on the way to them. */
static size_t bytes_of(const struct batch *b)
{
    size_t n = 256 * 1024;
    for (; b != NULL; b = b->next)
        n += 2 * size_of(b);
    return n;
}

static bool only_frees(const struct batch *b)
{
    for (; b != NULL; b = b->next)
        if (!b->frees)
            return false;
    return true;
}

/* --- when it does not fit -------------------------------------------------- */

/* What is kept for deleting. */
static size_t reserve(const struct lmdb *s)
{
    return s->options.most / 16 + ((size_t)1 << 20);
}

static int grow(struct lmdb *s, bool frees)
{
    size_t most = s->options.most + (frees ? reserve(s) : 0);
    size_t size = s->map * 2 < s->options.most ? s->map * 2 : most;
    return s->map < size ? env_map(s, size) : MDB_MAP_FULL;
}

/* Room beyond the most is for deleting; what that has freed is used first. */
static void shrink(struct lmdb *s)
{
    if (s->map > s->options.most)
        env_map(s, s->options.most);
}

/* A process that was killed while it read still has its place in LMDB's table,
** and with it every page it could see. */
static bool dead_readers(struct lmdb *s)
{
    int dead = 0;
    return mdb_reader_check(s->env, &dead) == 0 && dead > 0;
}

static int make_room(struct lmdb *s, struct batch *first)
{
    if (DEFENCE(store_dead_readers) && dead_readers(s))
        return 0;
    int swept, rc = grow(s, only_frees(first));
    if (rc != MDB_MAP_FULL)
        return rc;
    rc = env_map(s, s->options.most + reserve(s));
    if (rc == 0)
        rc = attempt(s, first, sweep_only, &swept);
    if (rc == 0) /* what one transaction frees is used by the next but one */
        rc = attempt(s, first, turn_over, &swept);
    shrink(s);
    return rc;
}

/* Write a group whole; LMDB's failure when that is not to be had. */
static int write_whole(struct lmdb *s, struct batch *first, int *swept)
{
    int rc = 0;
    bool again = true;
    for (int tries = 0; tries < MOST_TRIES; tries++) {
        rc = attempt(s, first, transact, swept);
        if (rc == MDB_MAP_FULL && make_room(s, first) == 0)
            continue;
        if (rc != MDB_PANIC || !again || env_again(s) != STORE_OK)
            break;
        again = false;
    }
    if (rc == EIO && s->env != NULL)
        rc = env_cut_short(s, bytes_of(first));
    return rc;
}

/* --- telling --------------------------------------------------------------- */

static void tell(struct batch *b, int rc, int swept)
{
    if (rc != 0)
        b->result = rc == MDB_PANIC ? STORE_IO : env_result(rc);
    b->swept = swept;
    b->next = NULL;
    if (b->done != NULL)
        b->done(b);
}

static void write_group(struct lmdb *s, struct batch *first)
{
    int swept = 0, rc = write_whole(s, first, &swept);
    bool apart = env_result(rc) == STORE_FULL && first->next != NULL;
    while (first != NULL) {
        struct batch *next = first->next;
        first->next = NULL;
        if (apart)
            rc = write_whole(s, first, &swept);
        tell(first, rc, swept);
        first = next;
    }
    shrink(s);
}

/* --- the queue ------------------------------------------------------------- */

static struct batch *take(struct lmdb *s)
{
    struct batch *first = s->first, *last = first;
    s->queued -= size_of(first);
    for (int n = 1; n < MOST_GROUP && last->next != NULL; n++) {
        last = last->next;
        s->queued -= size_of(last);
    }
    s->first = last->next;
    last->next = NULL;
    return first;
}

static struct batch *await(struct lmdb *s)
{
    struct batch *group = NULL;
    pthread_mutex_lock(&s->lock);
    while (s->first == NULL && !s->closing)
        pthread_cond_wait(&s->filled, &s->lock);
    if (s->first != NULL)
        group = take(s);
    pthread_mutex_unlock(&s->lock);
    return group;
}

static void *run(void *arg)
{
    struct lmdb *s = arg;
    struct batch *group;
    while ((group = await(s)) != NULL)
        write_group(s, group);
    return NULL;
}

/* Signals stay with the host's threads. */
static bool start(struct lmdb *s)
{
    sigset_t all, old;
    if (s->started)
        return true;
    sigfillset(&all);
    pthread_sigmask(SIG_BLOCK, &all, &old);
    s->started = stack_thread(&s->thread, run, s) == 0;
    pthread_sigmask(SIG_SETMASK, &old, NULL);
    return s->started;
}

static enum store_result enqueue(struct lmdb *s, struct batch *b)
{
    if (s->queued + size_of(b) > s->options.queue && s->first != NULL)
        return STORE_QUEUE;
    if (!start(s))
        return STORE_MEMORY;
    b->next = NULL;
    if (s->first == NULL)
        s->first = b;
    else
        s->last->next = b;
    s->last = b;
    s->queued += size_of(b);
    pthread_cond_signal(&s->filled);
    return STORE_OK;
}

enum store_result lmdb_commit(struct store *store, struct batch *b)
{
    struct lmdb *s = (struct lmdb *)store;
    if (lmdb_forked(s))
        return STORE_FORKED;
    if (b->wrong != STORE_OK)
        return b->wrong;
    if (s->options.read_only)
        return STORE_READ_ONLY;
    if (atomic_load(&s->damaged))
        return STORE_DAMAGED;
    pthread_mutex_lock(&s->lock);
    enum store_result result = enqueue(s, b);
    pthread_mutex_unlock(&s->lock);
    return result;
}

void writer_stop(struct lmdb *s)
{
    pthread_mutex_lock(&s->lock);
    s->closing = true;
    pthread_cond_signal(&s->filled);
    pthread_mutex_unlock(&s->lock);
    if (s->started)
        pthread_join(s->thread, NULL);
}
