/*
** store_rig.h -- a store in a folder of the test's own, and short words for
** what tests do with it.
*/
#ifndef TESTS_STORE_STORE_RIG_H
#define TESTS_STORE_STORE_RIG_H

#include "net/folder.h"
#include "store/batch.h"
#include "store/store.h"

#define STAY NANOS_NEVER

static struct store *store;
static struct store_options options;
static struct store_why why;

/* Open the store of the test's folder as `options` say. */
static inline enum store_result open_again(void)
{
    options.path = folder_path("store");
    return store_open(&store, &options, &why);
}

/* A folder in memory, where there is such a place: for tests whose many short
** lives would wait for the disk most of the time. */
static inline void folder_open_fast(void)
{
    strcpy(folder, "/dev/shm/perilune-test-XXXXXX");
    if (mkdtemp(folder) == NULL)
        folder_open();
}

static inline void rig_open(void)
{
    folder_open();
    options = (struct store_options){.path = NULL};
    CHECK_INT(open_again(), STORE_OK);
}

static inline void rig_close(void)
{
    store_close(store);
    store = NULL;
    folder_close();
}

static inline void reopen(void)
{
    store_close(store);
    CHECK_INT(open_again(), STORE_OK);
}

/* --- writing, and waiting for it ------------------------------------------- */

static inline enum store_result put_until(const char *key, str value,
                                          nanos expires, nanos now)
{
    struct batch b;
    batch_init(&b, now);
    batch_put(&b, STR("t"), str_of(key), value, expires);
    enum store_result result = store_write(store, &b);
    batch_fini(&b);
    return result;
}

static inline enum store_result put(const char *key, const char *value)
{
    return put_until(key, str_of(value), STAY, 0);
}

static inline enum store_result drop_key(const char *key)
{
    struct batch b;
    batch_init(&b, 0);
    batch_delete(&b, STR("t"), str_of(key));
    enum store_result result = store_write(store, &b);
    batch_fini(&b);
    return result;
}

static inline enum store_result add(const char *key, int64_t n, int64_t *sum)
{
    struct batch b;
    batch_init(&b, 0);
    batch_add(&b, STR("t"), str_of(key), n, STAY);
    enum store_result result = store_write(store, &b);
    if (sum != NULL)
        *sum = batch_count(&b, STR("t"), str_of(key));
    batch_fini(&b);
    return result;
}

/* Let expired rows go: one step. How many went. */
static inline int sweep(nanos now)
{
    struct batch b;
    batch_init(&b, now);
    CHECK_INT(store_write(store, &b), STORE_OK);
    batch_fini(&b);
    return b.swept;
}

/* --- looking --------------------------------------------------------------- */

struct seen {
    enum store_result result;
    int rows, done;
    struct buf keys, value; /* keys with a blank behind each; the last value */
    int64_t count;
    nanos expires;
};

static inline void see_row(void *user, const struct row *row)
{
    struct seen *seen = user;
    seen->rows++;
    buf_add(&seen->keys, row->key);
    buf_byte(&seen->keys, ' ');
    buf_clear(&seen->value);
    if (row->value.p != NULL)
        buf_add(&seen->value, row->value);
    seen->count = row->count;
    seen->expires = row->expires;
}

static inline void see_done(void *user, enum store_result result)
{
    struct seen *seen = user;
    seen->done++;
    seen->result = result;
}

static inline void seen_init(struct seen *seen)
{
    *seen = (struct seen){0};
    buf_init(&seen->keys, 1 << 24);
    buf_init(&seen->value, STORE_MOST_VALUE);
}

static inline void seen_fini(struct seen *seen)
{
    buf_fini(&seen->keys);
    buf_fini(&seen->value);
}

/* Look, with what `look` says, into a seen that seen_fini ends. */
static inline struct seen look_with(struct store_look look)
{
    struct seen seen;
    seen_init(&seen);
    look.row = see_row;
    look.done = see_done;
    look.user = &seen;
    if (look.table.p == NULL)
        look.table = STR("t");
    store_look(store, &look);
    CHECK_INT(seen.done, 1);
    return seen;
}

/* Is this the value of a key; with NULL, is it missing? */
static inline bool has_at(const char *key, const char *value, nanos now)
{
    struct seen seen =
        look_with((struct store_look){.key = str_of(key), .now = now});
    bool same = value == NULL ? seen.result == STORE_MISSING && seen.rows == 0
                              : seen.result == STORE_OK &&
                                    str_eq(buf_str(&seen.value), str_of(value));
    seen_fini(&seen);
    return same;
}

static inline bool has(const char *key, const char *value)
{
    return has_at(key, value, 0);
}

/* A counter's count; -1 when it is not there. */
static inline int64_t count_of(const char *key)
{
    struct seen seen = look_with((struct store_look){.key = str_of(key)});
    seen_fini(&seen);
    return seen.result == STORE_OK ? seen.count : -1;
}

#endif
