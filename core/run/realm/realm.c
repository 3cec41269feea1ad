/*
** realm.c -- a process-wide list of realms by path, counted.
*/
#include "run/realm/realm.h"

#include <pthread.h>

#include "base/mem.h"
#include "run/realm/table.h"

/* What was said last on a topic. */
struct said {
    struct said *next;
    const char *topic;
    uint64_t key;
};

struct realm {
    struct realm *next;
    int refs;
    pthread_mutex_t lock;
    struct said *said;
    uint64_t number; /* 0 = nobody asked yet */
    struct shared_table shared;
    pthread_mutex_t opening; /* of the two below */
    struct store_options keep;
    struct store *store; /* NULL: not asked for yet */
    char path[];
};

static pthread_mutex_t realms_lock = PTHREAD_MUTEX_INITIALIZER;
static struct realm *realms;

static struct realm *find(const char *path)
{
    struct realm *r = realms;
    while (r != NULL && strcmp(r->path, path) != 0)
        r = r->next;
    return r;
}

static struct realm *make(const char *path)
{
    size_t len = strlen(path) + 1;
    struct realm *r = mem_zero(sizeof *r + len);
    if (r == NULL)
        return NULL;
    memcpy(r->path, path, len);
    pthread_mutex_init(&r->lock, NULL);
    pthread_mutex_init(&r->opening, NULL);
    shared_init(&r->shared);
    r->next = realms;
    realms = r;
    return r;
}

struct realm *realm_open(const char *store)
{
    pthread_mutex_lock(&realms_lock);
    struct realm *r = find(store);
    if (r == NULL)
        r = make(store);
    if (r != NULL)
        r->refs++;
    pthread_mutex_unlock(&realms_lock);
    return r;
}

static void take_down(struct realm *r)
{
    struct realm **at = &realms;
    while (*at != r)
        at = &(*at)->next;
    *at = r->next;
    while (r->said != NULL) {
        struct said *next = r->said->next;
        mem_free(r->said);
        r->said = next;
    }
    shared_fini(&r->shared);
    store_close(r->store);
    pthread_mutex_destroy(&r->opening);
    pthread_mutex_destroy(&r->lock);
    mem_free(r);
}

void realm_close(struct realm *r)
{
    if (r == NULL)
        return;
    pthread_mutex_lock(&realms_lock);
    if (--r->refs == 0)
        take_down(r);
    pthread_mutex_unlock(&realms_lock);
}

void realm_keep(struct realm *r, const struct store_options *options)
{
    pthread_mutex_lock(&r->opening);
    if (r->keep.path == NULL) {
        r->keep = *options;
        r->keep.path = r->path;
    }
    pthread_mutex_unlock(&r->opening);
}

const char *realm_folder(struct realm *r)
{
    pthread_mutex_lock(&r->opening);
    const char *path = r->keep.path;
    pthread_mutex_unlock(&r->opening);
    return path;
}

enum store_durability realm_durability(struct realm *r)
{
    pthread_mutex_lock(&r->opening);
    enum store_durability durability = r->keep.durability;
    pthread_mutex_unlock(&r->opening);
    return durability;
}

struct store *realm_store(struct realm *r, struct store_why *why)
{
    pthread_mutex_lock(&r->opening);
    if (r->keep.path == NULL)
        store_say(why, STORE_MISSING, r->path, "nothing is kept here");
    else if (r->store == NULL)
        store_open(&r->store, &r->keep, why);
    struct store *store = r->store;
    pthread_mutex_unlock(&r->opening);
    return store;
}

uint64_t realm_number(struct realm *r, uint64_t dice)
{
    pthread_mutex_lock(&r->lock);
    if (r->number == 0)
        r->number = dice | 1;
    uint64_t number = r->number;
    pthread_mutex_unlock(&r->lock);
    return number;
}

static struct said *said_on(struct realm *r, const char *topic)
{
    struct said *s = r->said;
    while (s != NULL && strcmp(s->topic, topic) != 0)
        s = s->next;
    if (s == NULL && (s = mem_zero(sizeof *s)) != NULL) {
        s->topic = topic;
        s->next = r->said;
        r->said = s;
    }
    return s;
}

bool realm_first(struct realm *r, const char *topic, uint64_t key)
{
    pthread_mutex_lock(&r->lock);
    struct said *s = said_on(r, topic);
    bool first = s == NULL || s->key != key;
    if (s != NULL)
        s->key = key;
    pthread_mutex_unlock(&r->lock);
    return first;
}

void *realm_share(struct realm *r, const struct shared_kind *kind, str name)
{
    pthread_mutex_lock(&r->lock);
    void *thing = shared_get(&r->shared, kind, name);
    pthread_mutex_unlock(&r->lock);
    return thing;
}

void *realm_find(struct realm *r, const struct shared_kind *kind, str name)
{
    pthread_mutex_lock(&r->lock);
    void *thing = shared_find(&r->shared, kind, name);
    pthread_mutex_unlock(&r->lock);
    return thing;
}

void realm_each(struct realm *r, const struct shared_kind *kind,
                void (*see)(void *, str, void *), void *user)
{
    pthread_mutex_lock(&r->lock);
    shared_each(&r->shared, kind, see, user);
    pthread_mutex_unlock(&r->lock);
}
