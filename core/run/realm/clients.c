/*
** clients.c -- one ring for all, made anew when the store has changed.
**
** The store is closed and opened for each new ring: what was open may have been
** replaced, or have had no table yet. A folder that goes away takes no key with
** it, and lets nobody in: what was read last holds on.
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
    pthread_mutex_t lock;
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
    pthread_mutex_init(&c->lock, NULL);
}

static void fini(void *at)
{
    struct clients *c = at;
    ring_release(c->ring);
    store_close(c->store);
    pthread_mutex_destroy(&c->lock);
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

static struct ring *read_ring(struct clients *c, const char *path,
                              bool *damaged)
{
    unsigned char secret[MAC_KEY] = {0};
    struct ring *ring = NULL;
    enum store_result result = keeper_secret(path, secret, &c->why);
    if (result == STORE_OK || result == STORE_MISSING)
        ring = keeper_read(c->store, secret, damaged, &c->why);
    mac_wipe(secret, sizeof secret);
    if (ring == NULL || result == STORE_OK || ring_rows(ring) == 0)
        return ring;
    ring_release(ring);
    return NULL;
}

/* Open and read anew. The version comes before the rows: what is changed
** meanwhile is read once more. */
static void read_again(struct clients *c, const char *path)
{
    bool damaged = false;
    struct ring *ring = NULL;
    struct store_options options = {.path = path, .read_only = true};
    store_close(c->store);
    c->store = NULL;
    c->version = 0;
    if (store_open(&c->store, &options, &c->why) == STORE_OK) {
        uint64_t version = store_version(c->store);
        ring = read_ring(c, path, &damaged);
        if (ring != NULL)
            c->version = version;
    }
    ring_release(c->ring);
    c->ring = ring;
    c->state = ring == NULL           ? CLIENTS_BROKEN
               : ring_rows(ring) == 0 ? CLIENTS_OFF
                                      : CLIENTS_ON;
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
    look_at_version(c);
    if (must_look(c, now)) {
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
