/*
** keeper.c -- the folder, its secret, and what is changed.
**
** The secret is written beside its place and then moved there, so that it is
** whole or not there at all. Whoever makes one has the store open to write, and
** is the only one. A store with keys and no secret is not given a new one: none
** of its keys would be known again.
*/
#include "store/keys/keeper.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/mem.h"
#include "store/batch.h"

#define RECORD_MAX (64 * 1024)

bool keeper_path(char to[KEEPER_PATH], const char *store)
{
    int n = snprintf(to, KEEPER_PATH, "%s/keys", store);
    return n > 0 && n < KEEPER_PATH;
}

/* --- the secret ------------------------------------------------------------ */

static bool secret_path(char to[KEEPER_PATH + 16], const char *folder,
                        const char *name)
{
    int n = snprintf(to, KEEPER_PATH + 16, "%s/%s", folder, name);
    return n > 0 && n < KEEPER_PATH + 16;
}

enum store_result keeper_secret(const char *path, unsigned char secret[MAC_KEY],
                                struct store_why *why)
{
    char file[KEEPER_PATH + 16], more;
    if (!secret_path(file, path, "secret"))
        return store_say(why, STORE_FOLDER, path, "its path is too long");
    int fd = open(file, O_RDONLY | O_CLOEXEC | O_NOFOLLOW);
    if (fd < 0)
        return store_say(why, errno == ENOENT ? STORE_MISSING : STORE_READ_ONLY,
                         file, strerror(errno));
    bool whole =
        read(fd, secret, MAC_KEY) == MAC_KEY && read(fd, &more, 1) == 0;
    close(fd);
    if (!whole)
        return store_say(why, STORE_DAMAGED, file, "it is not 32 bytes");
    return STORE_OK;
}

static int write_whole(const char *file, const unsigned char secret[MAC_KEY])
{
    int fd =
        open(file, O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC | O_NOFOLLOW, 0600);
    if (fd < 0)
        return errno;
    int error = 0;
    if (write(fd, secret, MAC_KEY) != MAC_KEY || fsync(fd) != 0)
        error = errno != 0 ? errno : EIO;
    close(fd);
    return error;
}

static int sync_folder(const char *path)
{
    int fd = open(path, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
    int error = fd < 0 || fsync(fd) != 0 ? errno : 0;
    if (fd >= 0)
        close(fd);
    return error;
}

static enum store_result make_secret(const char *path,
                                     const unsigned char secret[MAC_KEY],
                                     struct store_why *why)
{
    char fresh[KEEPER_PATH + 16], file[KEEPER_PATH + 16];
    if (!secret_path(fresh, path, "secret.new") ||
        !secret_path(file, path, "secret"))
        return store_say(why, STORE_FOLDER, path, "its path is too long");
    int error = write_whole(fresh, secret);
    if (error == 0 && rename(fresh, file) != 0)
        error = errno;
    if (error == 0)
        error = sync_folder(path);
    if (error == 0)
        return STORE_OK;
    unlink(fresh);
    return store_say(why, error == ENOSPC ? STORE_DISK : STORE_IO, file,
                     strerror(error));
}

/* Does the store have keys? Rows that are damaged count. */
static bool has_rows(struct store *s)
{
    struct store_stat stat;
    if (store_stat(s, &stat) != STORE_OK)
        return true;
    for (int i = 0; i < stat.tables_n; i++)
        if (stat.tables[i].rows > 0)
            return true;
    return false;
}

static enum store_result find_secret(struct keeper *k,
                                     const unsigned char fresh[MAC_KEY],
                                     struct store_why *why)
{
    enum store_result result = keeper_secret(k->path, k->secret, why);
    if (result != STORE_MISSING)
        return result;
    if (has_rows(k->store))
        return store_say(why, STORE_DAMAGED, k->path,
                         "its file secret is gone; no key is known without");
    memcpy(k->secret, fresh, MAC_KEY);
    return make_secret(k->path, fresh, why);
}

/* --- opening --------------------------------------------------------------- */

enum store_result keeper_open(struct keeper *k, const char *store,
                              const unsigned char secret[MAC_KEY],
                              struct store_why *why)
{
    *k = (struct keeper){.store = NULL};
    if (!keeper_path(k->path, store))
        return store_say(why, STORE_FOLDER, store, "its path is too long");
    if (mkdir(store, 0700) != 0 && errno != EEXIST)
        return store_say(why, STORE_FOLDER, store, strerror(errno));
    struct store_options options = {.path = k->path, .durability = STORE_POWER};
    enum store_result result = store_open(&k->store, &options, why);
    if (result == STORE_OK)
        result = find_secret(k, secret, why);
    if (result != STORE_OK)
        keeper_close(k);
    return result;
}

void keeper_close(struct keeper *k)
{
    store_close(k->store);
    k->store = NULL;
    mac_wipe(k->secret, sizeof k->secret);
}

struct ring *keeper_read(struct store *s, const unsigned char secret[MAC_KEY],
                         bool *damaged, struct store_why *why)
{
    struct ring *ring = ring_new(secret);
    struct store_look look = {.row = ring_take, .user = ring, .now = INT64_MIN};
    enum store_result result =
        ring != NULL ? store_every(s, &look) : STORE_MEMORY;
    if (damaged != NULL)
        *damaged = result == STORE_DAMAGED;
    if (result == STORE_DAMAGED && ring_rows(ring) > 0)
        result = STORE_OK;
    if (result == STORE_OK && ring_rows(ring) < 0)
        result = STORE_MEMORY;
    if (result == STORE_OK)
        return ring;
    ring_release(ring);
    store_say(why, result, s->path, NULL);
    return NULL;
}

/* --- making and ending ----------------------------------------------------- */

void keeper_text(char to[KEEPER_TEXT], const unsigned char dice[KEEPER_DICE])
{
    memcpy(to, KEEPER_PREFIX, sizeof KEEPER_PREFIX);
    str_hex(to + sizeof KEEPER_PREFIX - 1, dice, KEEPER_DICE);
    to[KEEPER_TEXT - 1] = '\0';
}

static str text_of(const struct mac *mark)
{
    return (str){(const char *)mark->byte, MAC_BYTES};
}

/* One batch: the record under its mark, and the mark before it away. */
static enum store_result change(struct keeper *k, const struct mac *mark,
                                const struct mac *before,
                                const struct client_key *key,
                                struct store_why *why)
{
    struct buf record;
    struct batch b;
    buf_init(&record, RECORD_MAX);
    client_key_write(key, &record);
    batch_init(&b, key->created);
    if (before != NULL)
        batch_delete(&b, STR(KEYS_TABLE), text_of(before));
    batch_put(&b, STR(KEYS_TABLE), text_of(mark), buf_str(&record),
              NANOS_NEVER);
    enum store_result result =
        buf_ok(&record) ? store_write(k->store, &b) : STORE_MEMORY;
    batch_fini(&b);
    buf_fini(&record);
    return result != STORE_OK ? store_say(why, result, k->path, NULL) : result;
}

enum store_result keeper_add(struct keeper *k, const struct client_key *key,
                             str text, struct store_why *why)
{
    struct mac mark;
    if (!mac_of(k->secret, text, &mark))
        return store_say(why, STORE_MEMORY, k->path, NULL);
    return change(k, &mark, NULL, key, why);
}

struct finding {
    str id;
    const struct client_key *key;
    struct mac mark;
};

static void compare(void *user, const struct mac *mark,
                    const struct client_key *key)
{
    struct finding *f = user;
    if (!str_eq(key->id, f->id))
        return;
    f->key = key;
    f->mark = *mark;
}

/* Read all, find one; the ring holds its texts. */
static enum store_result find(struct keeper *k, struct finding *f,
                              struct ring **ring, struct store_why *why)
{
    struct store_why own;
    *ring = keeper_read(k->store, k->secret, NULL, &own);
    if (*ring == NULL) {
        if (why != NULL)
            *why = own;
        return own.result;
    }
    ring_each(*ring, compare, f);
    if (f->key != NULL)
        return STORE_OK;
    ring_release(*ring);
    return store_say(why, STORE_MISSING, k->path, NULL);
}

enum store_result keeper_revoke(struct keeper *k, str id, nanos now,
                                struct store_why *why)
{
    struct ring *ring;
    struct finding f = {.id = id};
    enum store_result result = find(k, &f, &ring, why);
    if (result != STORE_OK)
        return result;
    struct client_key key = *f.key;
    if (key.revoked == NANOS_NEVER) {
        key.revoked = now;
        result = change(k, &f.mark, NULL, &key, why);
    }
    ring_release(ring);
    return result;
}

enum store_result keeper_rotate(struct keeper *k, str id, str text,
                                struct store_why *why)
{
    struct mac mark;
    struct ring *ring;
    struct finding f = {.id = id};
    enum store_result result = find(k, &f, &ring, why);
    if (result != STORE_OK)
        return result;
    if (f.key->revoked != NANOS_NEVER)
        result = store_say(why, STORE_MISSING, k->path, NULL);
    else if (!mac_of(k->secret, text, &mark))
        result = store_say(why, STORE_MEMORY, k->path, NULL);
    else
        result = change(k, &mark, &f.mark, f.key, why);
    ring_release(ring);
    return result;
}

enum store_result keeper_edit(struct keeper *k, str id,
                              bool (*apply)(void *, struct client_key *),
                              void *user, struct store_why *why)
{
    struct ring *ring;
    struct finding f = {.id = id};
    enum store_result result = find(k, &f, &ring, why);
    if (result != STORE_OK)
        return result;
    struct client_key key = *f.key;
    if (apply(user, &key))
        result = change(k, &f.mark, NULL, &key, why);
    ring_release(ring);
    return result;
}
