/*
** clients.c -- one ring for all, made anew when the store has changed.
**
** The store is closed and opened for each new ring: what was open may have been
** replaced, or have had no table yet. A folder that goes away takes no key with
** it, and lets nobody in: what was read last holds on.
**
** A process has a store open once, and to write or not. So a change takes what
** is open out of the others' sight, opens it to write, and puts what it has read
** anew in its place; in between nobody looks at the disk.
*/
#include "run/realm/clients.h"

#include <errno.h>
#include <pthread.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>

#include "base/defence.h"
#include "store/keys/keeper.h"

#define LOOK_EVERY NANOS_S /* at the folder */

struct clients {
    pthread_mutex_t changing; /* one change at a time; taken before `lock` */
    pthread_mutex_t lock;
    bool away; /* the store is taken out, to be changed */
    struct realm *realm;
    nanos looked;     /* at the folder; 0 = never */
    struct stat file; /* that the store is on */
    struct store *store;
    uint64_t version; /* of the store, that the ring shows; 0: read it again */
    enum clients_state state;
    struct ring *ring;
    struct store_why why;
};

static void init(void *at)
{
    struct clients *c = at;
    pthread_mutex_init(&c->changing, NULL);
    pthread_mutex_init(&c->lock, NULL);
}

static void fini(void *at)
{
    struct clients *c = at;
    ring_release(c->ring);
    store_close(c->store);
    pthread_mutex_destroy(&c->lock);
    pthread_mutex_destroy(&c->changing);
}

static const struct shared_kind kind = {.name = "clients",
                                        .size = sizeof(struct clients),
                                        .most = 1,
                                        .init = init,
                                        .fini = fini};

struct clients *clients_of(struct realm *r)
{
    struct clients *c = realm_share(r, &kind, STR("keys"));
    if (c != NULL) {
        pthread_mutex_lock(&c->lock);
        if (c->realm == NULL) /* whoever has it already reads it unlocked */
            c->realm = r;
        pthread_mutex_unlock(&c->lock);
    }
    return c;
}

/* --- reading --------------------------------------------------------------- */

static bool same_file(const struct stat *a, const struct stat *b)
{
    return a->st_ino == b->st_ino && a->st_dev == b->st_dev;
}

/* Look for the file of rows in the folder of the keys: 0, or an errno. */
static int find_file(struct clients *c, char path[KEEPER_PATH],
                     struct stat *file)
{
    char data[KEEPER_PATH + 16];
    const char *folder = realm_folder(c->realm);
    if (folder == NULL || !keeper_path(path, folder))
        return ENOENT;
    snprintf(data, sizeof data, "%s/data.mdb", path);
    if (stat(data, file) != 0)
        return errno == ENOTDIR ? ENOENT : errno;
    return file->st_size > 0 ? 0 : ENOENT; /* it is being made */
}

/* What was read, before the others see it. */
struct fresh {
    struct store *store;
    uint64_t version;
    struct ring *ring; /* NULL: see why */
    struct store_why why;
};

static struct ring *read_ring(struct fresh *f, const char *path)
{
    bool damaged = false;
    unsigned char secret[MAC_KEY] = {0};
    struct ring *ring = NULL;
    enum store_result result = keeper_secret(path, secret, &f->why);
    if (result == STORE_OK || result == STORE_MISSING)
        ring = keeper_read(f->store, secret, &damaged, &f->why);
    mac_wipe(secret, sizeof secret);
    if (ring == NULL || result == STORE_OK || ring_rows(ring) == 0)
        return ring;
    ring_release(ring);
    return NULL;
}

/* Open and read. The version comes before the rows: what is changed meanwhile
** is read once more. */
static struct fresh read_fresh(const char *path)
{
    struct fresh f = {.store = NULL};
    struct store_options options = {.path = path, .read_only = true};
    if (store_open(&f.store, &options, &f.why) != STORE_OK)
        return f;
    uint64_t version = store_version(f.store);
    f.ring = read_ring(&f, path);
    if (f.ring != NULL)
        f.version = version;
    return f;
}

/* Let the others see it, in place of what was there. */
static void put_in_force(struct clients *c, const struct fresh *f)
{
    ring_release(c->ring);
    c->store = f->store;
    c->version = f->version;
    c->ring = f->ring;
    if (f->ring == NULL)
        c->why = f->why;
    c->state = f->ring == NULL           ? CLIENTS_BROKEN
               : ring_rows(f->ring) == 0 ? CLIENTS_OFF
                                         : CLIENTS_ON;
}

static void let_go(struct clients *c)
{
    store_close(c->store);
    c->store = NULL;
    c->version = 0;
}

static void read_again(struct clients *c, const char *path)
{
    let_go(c);
    struct fresh f = read_fresh(path);
    put_in_force(c, &f);
}

/* Was there ever a file of keys? */
static bool was_seen(const struct clients *c)
{
    return c->file.st_ino != 0;
}

/* Once a second: has the folder come, or another one in its place? */
static void look_at_folder(struct clients *c)
{
    struct stat file;
    char path[KEEPER_PATH];
    int error = find_file(c, path, &file);
    if (error == 0 && (c->version == 0 || !same_file(&file, &c->file))) {
        c->file = file;
        read_again(c, path);
    } else if (error != 0 && error != ENOENT && c->ring == NULL) {
        store_say(&c->why, STORE_READ_ONLY, path, strerror(error));
        c->state = CLIENTS_BROKEN;
    } else if (error == ENOENT && !was_seen(c)) {
        c->state = CLIENTS_OFF;
    }
}

/* Where nobody could say whether there are keys, the next who comes asks again:
** one call that failed shall not keep everybody out for a second. */
static bool must_look(const struct clients *c, nanos now)
{
    bool unsure = c->state == CLIENTS_BROKEN && !was_seen(c);
    return c->looked == 0 || unsure || now - c->looked >= LOOK_EVERY;
}

/* Whoever made a change is waiting for it to hold. */
static void look_at_version(struct clients *c)
{
    char path[KEEPER_PATH];
    if (c->store == NULL || c->version == 0 || !DEFENCE(keys_fresh) ||
        store_version(c->store) == c->version)
        return;
    if (find_file(c, path, &c->file) == 0)
        read_again(c, path);
}

enum clients_state clients_look(struct clients *c, nanos now,
                                struct ring **ring, struct store_why *why)
{
    *ring = NULL;
    pthread_mutex_lock(&c->lock);
    if (!c->away)
        look_at_version(c);
    if (!c->away && must_look(c, now)) {
        c->looked = now;
        look_at_folder(c);
    }
    enum clients_state state = c->state;
    if (state == CLIENTS_ON)
        *ring = ring_hold(c->ring);
    else if (state == CLIENTS_BROKEN)
        *why = c->why;
    pthread_mutex_unlock(&c->lock);
    return state;
}

/* --- changing -------------------------------------------------------------- */

/* Who asks meanwhile is told what is known; so somebody must have looked. */
static void take_away(struct clients *c)
{
    pthread_mutex_lock(&c->lock);
    if (c->looked == 0 && DEFENCE(keys_first_look))
        look_at_folder(c);
    c->away = true;
    let_go(c);
    pthread_mutex_unlock(&c->lock);
}

/* Read what there is now, while nobody waits, and let everybody see it. */
static void bring_back(struct clients *c, const char *path)
{
    struct stat file;
    char found[KEEPER_PATH];
    bool there = find_file(c, found, &file) == 0;
    struct fresh f = {.store = NULL};
    if (there)
        f = read_fresh(path);
    pthread_mutex_lock(&c->lock);
    if (there) {
        c->file = file;
        put_in_force(c, &f);
    }
    c->away = false;
    pthread_mutex_unlock(&c->lock);
}

enum store_result clients_change(
    struct clients *c, const unsigned char fresh[MAC_KEY],
    enum store_result (*change)(void *, struct keeper *, struct store_why *),
    void *user, struct store_why *why)
{
    struct keeper k;
    char path[KEEPER_PATH];
    const char *folder = realm_folder(c->realm);
    if (folder == NULL || !keeper_path(path, folder))
        return store_say(why, STORE_MISSING, "the keys", "no store is kept");
    pthread_mutex_lock(&c->changing);
    take_away(c);
    enum store_result result = keeper_open(&k, folder, fresh, why);
    if (result == STORE_OK) {
        result = change(user, &k, why);
        keeper_close(&k);
    }
    bring_back(c, path);
    pthread_mutex_unlock(&c->changing);
    return result;
}
