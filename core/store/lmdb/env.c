/*
** env.c -- LMDB's environment: opened, grown, read, and given up.
**
** LMDB writes by pwrite into a map that is read only for us, so no stray write
** of the program reaches a row, and what was committed is the kernel's: it
** outlives SIGKILL without a sync. With STORE_POWER each commit waits for the
** disk. With STORE_PROCESS none does (MDB_NOSYNC), and when power is lost the
** disk may hold pages of several commits at once: see folder.h and seal.h for
** how that is noticed.
**
** Read transactions are made once and rest on a shelf between looks: a resting
** one pins no page. MDB_NOTLS, as any thread takes any of them.
**
** LMDB calls abort() where a page contradicts itself. It calls us first, and we
** do not come back: longjmp leads out of it, and the environment is left as it
** stands, never touched again, its locks included.
*/
#include <errno.h>
#include <fcntl.h>
#include <setjmp.h>
#include <string.h>
#include <sys/resource.h>
#include <sys/stat.h>

#include "base/defence.h"
#include "store/lmdb/inner.h"

#define FIRST_MAP  ((size_t)16 << 20)
#define MOST_TXNS  256 /* that read at a time, of all processes */
#define MOST_TRIES 3

static _Thread_local jmp_buf *way_out;

static void on_assert(MDB_env *env, const char *message)
{
    (void)env;
    (void)message;
    if (DEFENCE(store_assert) && way_out != NULL)
        longjmp(*way_out, 1);
}

int env_guard(struct lmdb *s, int (*fn)(void *), void *arg)
{
    jmp_buf here;
    jmp_buf *volatile outer = way_out;
    volatile int rc = GUARD_BROKEN;
    if (_setjmp(here) == 0) {
        way_out = &here;
        rc = fn(arg);
    }
    way_out = outer;
    if (rc == GUARD_BROKEN)
        atomic_store(&s->damaged, true);
    return rc;
}

/* long: a table of what may come back */
enum store_result env_result(int rc)
{
    switch (rc) {
    case 0:
        return STORE_OK;
    case MDB_NOTFOUND:
        return STORE_MISSING;
    case MDB_MAP_FULL:
    case MDB_DBS_FULL:
    case MDB_TXN_FULL:
        return STORE_FULL;
    case ENOSPC:
    case EDQUOT:
    case EFBIG:
        return STORE_DISK;
    case EACCES:
    case EPERM:
    case EROFS:
        return STORE_READ_ONLY;
    case ENOENT:
    case ENOTDIR:
        return STORE_FOLDER;
    case ENOMEM:
    case MDB_READERS_FULL:
        return STORE_MEMORY;
    case MDB_VERSION_MISMATCH:
        return STORE_NEWER;
    case EINVAL:
    case MDB_BAD_VALSIZE:
        return STORE_INPUT;
    case MDB_CORRUPTED:
    case MDB_PAGE_NOTFOUND:
    case MDB_INVALID:
    case MDB_INCOMPATIBLE:
    case GUARD_BROKEN:
        return STORE_DAMAGED;
    default:
        return STORE_IO;
    }
}

/* --- opening --------------------------------------------------------------- */

static unsigned flags_of(const struct store_options *o)
{
    unsigned flags = MDB_NOTLS | MDB_NORDAHEAD;
    if (o->read_only)
        return flags | MDB_RDONLY;
    return o->durability == STORE_POWER ? flags : flags | MDB_NOSYNC;
}

static int open_tables(struct lmdb *s, const char **detail)
{
    MDB_txn *txn;
    int rc = mdb_txn_begin(s->env, NULL, s->options.read_only ? MDB_RDONLY : 0,
                           &txn);
    if (rc != 0)
        return rc;
    rc = tables_open(s, txn, detail);
    if (rc == 0)
        return mdb_txn_commit(txn);
    mdb_txn_abort(txn);
    return rc;
}

/* What was written already must fit, with some room to write. */
static void measure(struct lmdb *s)
{
    MDB_envinfo info;
    mdb_env_info(s->env, &info);
    s->map = info.me_mapsize;
}

struct opening {
    struct lmdb *s;
    const char **detail;
};

static int open_all(void *arg)
{
    struct opening *o = arg;
    struct lmdb *s = o->s;
    int dead, rc = mdb_env_create(&s->env);
    if (rc != 0)
        return rc;
    mdb_env_set_maxdbs(s->env, STORE_MOST_TABLES + 2);
    mdb_env_set_maxreaders(s->env, MOST_TXNS);
    mdb_env_set_mapsize(s->env, s->map);
    mdb_env_set_assert(s->env, on_assert);
    rc = mdb_env_open(s->env, s->path, flags_of(&s->options), 0600);
    if (rc == 0)
        rc = mdb_reader_check(s->env, &dead);
    if (rc == 0) {
        measure(s);
        rc = open_tables(s, o->detail);
    }
    return rc;
}

enum store_result env_open(struct lmdb *s, const char **detail)
{
    struct opening o = {s, detail};
    int rc = 0;
    if (s->map == 0)
        s->map = s->options.most < FIRST_MAP ? s->options.most : FIRST_MAP;
    for (int tries = 0; tries < MOST_TRIES; tries++) {
        rc = env_guard(s, open_all, &o);
        if (rc == 0)
            return STORE_OK;
        if (rc == GUARD_BROKEN)
            break;
        env_close(s);
        if (rc == MDB_MAP_FULL) /* a new store in a full old map */
            s->map *= 2;
        else if (rc != MDB_MAP_RESIZED)
            break;
    }
    if (*detail == NULL && rc > 0)
        *detail = strerror(rc);
    return env_result(rc);
}

void env_close(struct lmdb *s)
{
    if (atomic_load(&s->damaged))
        return;
    while (s->resting_n > 0)
        mdb_txn_abort(s->resting[--s->resting_n]);
    if (s->env != NULL)
        mdb_env_close(s->env);
    s->env = NULL;
}

enum store_result env_again(struct lmdb *s)
{
    const char *detail = NULL;
    pthread_rwlock_wrlock(&s->mapped);
    atomic_store(&s->tables_n, 0);
    env_close(s);
    enum store_result result = env_open(s, &detail);
    pthread_rwlock_unlock(&s->mapped);
    return result;
}

/* --- the map --------------------------------------------------------------- */

int env_map(struct lmdb *s, size_t size)
{
    pthread_rwlock_wrlock(&s->mapped);
    int rc = mdb_env_set_mapsize(s->env, size);
    if (rc == 0)
        measure(s);
    pthread_rwlock_unlock(&s->mapped);
    return rc;
}

/* A write that was cut short left no errno. Ask for as much room, and hear. */
int env_cut_short(struct lmdb *s, size_t bytes)
{
    int fd;
    struct stat st;
    struct rlimit most;
    if (mdb_env_get_fd(s->env, &fd) != 0 || fstat(fd, &st) != 0)
        return EIO;
    if (getrlimit(RLIMIT_FSIZE, &most) == 0 &&
        (rlim_t)st.st_size + bytes > most.rlim_cur)
        return EFBIG;
    if (fallocate(fd, FALLOC_FL_KEEP_SIZE, st.st_size, (off_t)bytes) != 0)
        return errno == EOPNOTSUPP ? EIO : errno;
    return EIO;
}

/* --- reading --------------------------------------------------------------- */

static MDB_txn *off_the_shelf(struct lmdb *s)
{
    pthread_mutex_lock(&s->shelf);
    MDB_txn *txn = s->resting_n > 0 ? s->resting[--s->resting_n] : NULL;
    pthread_mutex_unlock(&s->shelf);
    return txn;
}

/* Another process may have made the map larger: ours follows. */
static int begin(struct lmdb *s, MDB_txn **txn)
{
    *txn = off_the_shelf(s);
    int rc = *txn != NULL ? mdb_txn_renew(*txn)
                          : mdb_txn_begin(s->env, NULL, MDB_RDONLY, txn);
    if (rc != 0 && *txn != NULL) {
        mdb_txn_abort(*txn);
        *txn = NULL;
    }
    return rc;
}

int env_reader(struct lmdb *s, MDB_txn **txn)
{
    int rc = 0;
    for (int tries = 0; tries < MOST_TRIES; tries++) {
        pthread_rwlock_rdlock(&s->mapped);
        rc = s->env != NULL ? begin(s, txn) : EIO;
        if (rc == 0)
            return 0;
        pthread_rwlock_unlock(&s->mapped);
        if (rc != MDB_MAP_RESIZED || !s->options.read_only ||
            env_map(s, 0) != 0)
            break;
    }
    return rc;
}

void env_rest(struct lmdb *s, MDB_txn *txn)
{
    mdb_txn_reset(txn);
    pthread_mutex_lock(&s->shelf);
    bool room = s->resting_n < MOST_READERS;
    if (room)
        s->resting[s->resting_n++] = txn;
    pthread_mutex_unlock(&s->shelf);
    if (!room)
        mdb_txn_abort(txn);
    pthread_rwlock_unlock(&s->mapped);
}
