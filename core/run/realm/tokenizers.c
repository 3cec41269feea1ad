/*
** tokenizers.c -- two files, each found early and read late.
**
** Who needs a vocabulary that another thread is reading waits for it; one that is
** there is found without a lock.
*/
#include "run/realm/tokenizers.h"

#include <limits.h>
#include <pthread.h>
#include <stdatomic.h>
#include <stdio.h>

#include "base/err.h"
#include "base/mem.h"
#include "net/file.h"

#define MOST_BYTES ((size_t)16 << 20) /* of a rank file */

static const char *const files[ENCODINGS] = {
    [ENCODING_O200K] = "o200k_base.tiktoken",
    [ENCODING_CL100K] = "cl100k_base.tiktoken",
};
static const enum split splits[ENCODINGS] = {
    [ENCODING_O200K] = SPLIT_O200K,
    [ENCODING_CL100K] = SPLIT_CL100K,
};

struct tokenizers {
    pthread_mutex_t lock;
    bool looked;
    struct vocabulary {
        int fd;             /* of its file, until it is read; -1 */
        atomic_bool usable; /* may be asked for: there, or to be read */
        struct encoding encoding;
        _Atomic(const struct encoding *) ready;
    } of[ENCODINGS];
};

static void init(void *thing)
{
    struct tokenizers *t = thing;
    pthread_mutex_init(&t->lock, NULL);
    for (int i = 0; i < ENCODINGS; i++)
        t->of[i].fd = -1;
}

static void fini(void *thing)
{
    struct tokenizers *t = thing;
    for (int i = 0; i < ENCODINGS; i++) {
        file_close(t->of[i].fd);
        ranks_fini(&t->of[i].encoding.ranks);
    }
    pthread_mutex_destroy(&t->lock);
}

static const struct shared_kind kind = {
    .name = "tokenizers",
    .size = sizeof(struct tokenizers),
    .most = 1,
    .init = init,
    .fini = fini,
};

/* --- finding ---------------------------------------------------------------- */

static void look_in(struct tokenizers *t, const char *folder, const char *below)
{
    char path[PATH_MAX];
    for (int i = 0; i < ENCODINGS; i++) {
        int n = snprintf(path, sizeof path, "%s%s/%s", folder, below, files[i]);
        if (t->of[i].fd < 0 && n < PATH_MAX)
            t->of[i].fd = file_open(path);
        atomic_store(&t->of[i].usable, t->of[i].fd >= 0);
    }
}

struct tokenizers *tokenizers_open(struct realm *r, const char *folder,
                                   const char *store)
{
    struct tokenizers *t = realm_share(r, &kind, STR("all"));
    if (t == NULL)
        return NULL;
    pthread_mutex_lock(&t->lock);
    if (!t->looked && folder != NULL)
        look_in(t, folder, "");
    if (!t->looked && folder == NULL) {
        look_in(t, store, "/tokenizers");
        look_in(t, "/usr/local", "/share/perilune/tokenizers");
        look_in(t, "/usr", "/share/perilune/tokenizers");
    }
    t->looked = true;
    pthread_mutex_unlock(&t->lock);
    return t;
}

bool tokenizers_has(struct tokenizers *t, enum encoding_name which)
{
    return which < ENCODINGS && atomic_load(&t->of[which].usable);
}

/* --- reading ---------------------------------------------------------------- */

static int read_file(struct vocabulary *v, enum split split)
{
    char *text;
    size_t n;
    int error = file_whole(v->fd, MOST_BYTES, &text, &n);
    if (error != 0)
        return error;
    error = ranks_read(&v->encoding.ranks, (str){text, n});
    v->encoding.split = split;
    mem_free(text);
    return error;
}

/* Under the lock. Without memory it is tried again the next time. */
static int read_once(struct vocabulary *v, enum split split)
{
    if (v->fd < 0)
        return 0;
    int error = read_file(v, split);
    if (error == ERR_MEMORY)
        return error;
    file_close(v->fd);
    v->fd = -1;
    if (error == 0)
        atomic_store(&v->ready, &v->encoding);
    else
        atomic_store(&v->usable, false);
    return error;
}

const struct encoding *tokenizers_get(struct tokenizers *t,
                                      enum encoding_name which, int *error)
{
    *error = 0;
    if (t == NULL || !tokenizers_has(t, which))
        return NULL;
    struct vocabulary *v = &t->of[which];
    const struct encoding *ready = atomic_load(&v->ready);
    if (ready != NULL)
        return ready;
    pthread_mutex_lock(&t->lock);
    *error = read_once(v, splits[which]);
    pthread_mutex_unlock(&t->lock);
    return atomic_load(&v->ready);
}
