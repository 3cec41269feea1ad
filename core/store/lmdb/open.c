/*
** open.c -- the stores of this process, by folder.
**
** LMDB may be opened once in a process, since closing it a second time lets go
** of the first one's locks. So whoever opens a folder that is open gets the
** same store, counted; a folder is the same by its inode, whatever it is called.
** A store that turned out to be damaged stays in the list: what LMDB holds of it
** cannot be closed any more.
**
** A fork takes the memory along and neither the thread nor the locks. The child
** is told so at every use.
*/
#include <errno.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/defence.h"
#include "base/mem.h"
#include "store/lmdb/inner.h"
#include "store/lmdb/inspect.h"

#define MOST  ((size_t)4 << 30)
#define LEAST ((size_t)1 << 20)
#define QUEUE ((size_t)32 << 20)

static pthread_mutex_t list_lock = PTHREAD_MUTEX_INITIALIZER;
static struct lmdb *list;
static atomic_int forks;

static void before_fork(void)
{
    pthread_mutex_lock(&list_lock);
}

static void after_fork(void)
{
    pthread_mutex_unlock(&list_lock);
}

/* Its folders are the parent's, and free when that one ends. */
static void in_child(void)
{
    atomic_fetch_add(&forks, 1);
    for (struct lmdb *s = list; s != NULL; s = s->next)
        if (s->folder.lock >= 0)
            close(s->folder.lock);
    after_fork();
}

static void watch_forks(void)
{
    pthread_atfork(before_fork, after_fork, in_child);
}

bool lmdb_forked(const struct lmdb *s)
{
    return DEFENCE(store_fork) && s->forks != atomic_load(&forks);
}

/* --- one store ------------------------------------------------------------- */

static void shutdown_store(struct lmdb *s);

static const struct store_ops ops = {
    .look = lmdb_look,
    .commit = lmdb_commit,
    .every = lmdb_every,
    .stat = lmdb_stat,
    .version = lmdb_version,
    .close = (void (*)(struct store *))shutdown_store,
};

static void make_locks(struct lmdb *s)
{
    pthread_rwlockattr_t attr;
    pthread_rwlockattr_init(&attr);
    pthread_rwlockattr_setkind_np(&attr,
                                  PTHREAD_RWLOCK_PREFER_WRITER_NONRECURSIVE_NP);
    pthread_rwlock_init(&s->mapped, &attr);
    pthread_rwlockattr_destroy(&attr);
    pthread_mutex_init(&s->shelf, NULL);
    pthread_mutex_init(&s->lock, NULL);
    pthread_cond_init(&s->filled, NULL);
}

static void free_store(struct lmdb *s)
{
    pthread_cond_destroy(&s->filled);
    pthread_mutex_destroy(&s->lock);
    pthread_mutex_destroy(&s->shelf);
    pthread_rwlock_destroy(&s->mapped);
    mem_free(s);
}

static struct lmdb *new_store(const struct store_options *options)
{
    size_t n = strlen(options->path) + 1;
    struct lmdb *s = mem_zero(sizeof *s + n);
    if (s == NULL)
        return NULL;
    s->path = memcpy(s + 1, options->path, n);
    s->store = (struct store){&ops, s->path};
    s->options = *options;
    s->options.path = s->path;
    if (s->options.most == 0)
        s->options.most = MOST;
    if (s->options.most < LEAST)
        s->options.most = LEAST;
    if (s->options.queue == 0)
        s->options.queue = QUEUE;
    s->forks = atomic_load(&forks);
    s->refs = 1;
    make_locks(s);
    return s;
}

/* Look into the folder, then let LMDB. */
static enum store_result open_file(struct lmdb *s, struct store_why *why)
{
    const char *detail = NULL;
    enum store_result result = STORE_OK;
    /* Whoever writes has looked, and goes on writing while we would. */
    if (DEFENCE(store_inspect) &&
        !(s->options.read_only && folder_in_use(&s->folder)))
        result = inspect_file(s->folder.dir, s->folder.doubt, &detail);
    if (result == STORE_DAMAGED && s->options.read_only &&
        folder_in_use(&s->folder))
        result = STORE_OK; /* it began while we looked */
    if (result != STORE_OK)
        return store_say(why, result, s->path, detail);
    int error = s->options.read_only
                    ? 0
                    : folder_sign(&s->folder, s->options.durability);
    if (error != 0)
        return store_say(why, env_result(error), s->path, strerror(error));
    result = env_open(s, &detail);
    if (result == STORE_FOLDER && s->options.read_only)
        return store_say(why, STORE_ABSENT, s->path, NULL);
    if (result != STORE_OK)
        return store_say(why, result, s->path, detail);
    /* LMDB has made its files safe, and not that they are there. */
    error = s->options.durability == STORE_POWER ? folder_sync(&s->folder) : 0;
    if (error == 0)
        return STORE_OK;
    env_close(s);
    return store_say(why, env_result(error), s->path, strerror(error));
}

static void sync_store(struct lmdb *s)
{
    if (s->env != NULL && !s->options.read_only && !atomic_load(&s->damaged) &&
        mdb_env_sync(s->env, 1) == 0 && folder_sync(&s->folder) == 0)
        folder_settle(&s->folder);
}

/* --- the list -------------------------------------------------------------- */

static struct lmdb *find(const char *path)
{
    struct stat here, there;
    if (stat(path, &here) != 0)
        return NULL;
    for (struct lmdb *s = list; s != NULL; s = s->next)
        if (fstat(s->folder.dir, &there) == 0 && here.st_ino == there.st_ino &&
            here.st_dev == there.st_dev)
            return s;
    return NULL;
}

static void unlink_store(struct lmdb *s)
{
    struct lmdb **at = &list;
    while (*at != s)
        at = &(*at)->next;
    *at = s->next;
}

/* Join the one that is open already. */
static enum store_result join(struct lmdb *s, struct store_why *why)
{
    if (lmdb_forked(s))
        return store_say(why, STORE_FORKED, s->path, NULL);
    if (atomic_load(&s->damaged))
        return store_say(why, STORE_DAMAGED, s->path,
                         "it was found out earlier");
    s->refs++;
    return STORE_OK;
}

static enum store_result open_new(struct lmdb **out,
                                  const struct store_options *options,
                                  struct store_why *why)
{
    struct lmdb *s = new_store(options);
    if (s == NULL)
        return store_say(why, STORE_MEMORY, options->path, NULL);
    enum store_result result = folder_open(&s->folder, options, why);
    if (result == STORE_OK)
        result = open_file(s, why);
    if (result != STORE_OK && !atomic_load(&s->damaged)) {
        folder_close(&s->folder);
        free_store(s);
        return result;
    }
    s->next = list;
    list = s;
    *out = s;
    return result;
}

enum store_result store_open(struct store **out,
                             const struct store_options *options,
                             struct store_why *why)
{
    static pthread_once_t once = PTHREAD_ONCE_INIT;
    *out = NULL;
    pthread_once(&once, watch_forks);
    pthread_mutex_lock(&list_lock);
    struct lmdb *s = find(options->path);
    enum store_result result =
        s != NULL ? join(s, why) : open_new(&s, options, why);
    pthread_mutex_unlock(&list_lock);
    if (result == STORE_OK)
        *out = &s->store;
    return result;
}

/* The last one: while the list is locked, so that nobody opens it meanwhile. */
static void shutdown_store(struct lmdb *s)
{
    if (lmdb_forked(s))
        return; /* it is the parent's */
    pthread_mutex_lock(&list_lock);
    if (--s->refs == 0) {
        writer_stop(s);
        sync_store(s);
        env_close(s);
        if (!atomic_load(&s->damaged)) {
            unlink_store(s);
            folder_close(&s->folder);
            free_store(s);
        }
    }
    pthread_mutex_unlock(&list_lock);
}

uint64_t store_version(struct store *s)
{
    return s->ops->version(s);
}

/* --- for tools ------------------------------------------------------------- */

struct waiting {
    pthread_mutex_t lock;
    pthread_cond_t told;
    bool done;
    void (*then)(struct batch *);
    void *user;
};

static void wake(struct batch *b)
{
    struct waiting *w = b->user;
    pthread_mutex_lock(&w->lock);
    w->done = true;
    pthread_cond_signal(&w->told);
    pthread_mutex_unlock(&w->lock);
}

enum store_result store_write(struct store *s, struct batch *b)
{
    struct waiting w = {.lock = PTHREAD_MUTEX_INITIALIZER,
                        .told = PTHREAD_COND_INITIALIZER};
    b->done = wake;
    b->user = &w;
    enum store_result result = store_commit(s, b);
    pthread_mutex_lock(&w.lock);
    while (result == STORE_OK && !w.done)
        pthread_cond_wait(&w.told, &w.lock);
    pthread_mutex_unlock(&w.lock);
    pthread_mutex_destroy(&w.lock);
    pthread_cond_destroy(&w.told);
    return result == STORE_OK ? b->result : result;
}
