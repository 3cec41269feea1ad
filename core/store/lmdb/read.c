/*
** read.c -- looking: a read transaction that ends before the look does.
**
** A transaction that stays open keeps every page it could see from being used
** again, and the file grows. So none outlives its look, and what is handed to
** `row` is the map itself, good until it returns.
*/
#include <string.h>
#include <sys/stat.h>

#include "base/defence.h"
#include "store/lmdb/inner.h"
#include "store/seal.h"

struct looking {
    struct lmdb *s;
    const struct store_look *look;
    MDB_txn *txn;
    bool found;
    bool lenient; /* rows that are damaged are passed over, and counted */
    int damaged;
};

static MDB_val val_of(str s)
{
    return (MDB_val){s.n, (void *)s.p};
}

static str str_of_val(MDB_val v)
{
    return (str){v.mv_data, v.mv_size};
}

/* Show a row, unless it has expired. */
static int show(struct looking *l, str table, str key, MDB_val value)
{
    struct row row = {.table = table, .key = key};
    if (!seal_open(str_of_val(value), &row)) {
        l->damaged++;
        return DEFENCE(store_seal) && !l->lenient ? MDB_CORRUPTED : 0;
    }
    if (row.expires <= l->look->now)
        return 0;
    l->found = true;
    l->look->row(l->look->user, &row);
    return 0;
}

static int look_one(struct looking *l, const struct table *t)
{
    MDB_val key = val_of(l->look->key), value;
    int rc = mdb_get(l->txn, t->dbi, &key, &value);
    if (rc != 0)
        return rc;
    rc = show(l, l->look->table, l->look->key, value);
    return rc == 0 && !l->found ? MDB_NOTFOUND : rc;
}

/* To the first key that may be shown. */
static int first(const struct store_look *look, MDB_cursor *c, MDB_val *key,
                 MDB_val *value)
{
    bool after = look->after.p != NULL;
    *key = val_of(after ? look->after : look->key);
    int rc = mdb_cursor_get(c, key, value,
                            key->mv_size > 0 ? MDB_SET_RANGE : MDB_FIRST);
    if (rc == 0 && after && str_eq(str_of_val(*key), look->after))
        rc = mdb_cursor_get(c, key, value, MDB_NEXT);
    return rc;
}

static int look_some(struct looking *l, str table, MDB_dbi dbi)
{
    MDB_cursor *c;
    MDB_val key, value;
    const struct store_look *look = l->look;
    int rc = mdb_cursor_open(l->txn, dbi, &c), shown = 0;
    if (rc != 0)
        return rc;
    rc = first(look, c, &key, &value);
    while (rc == 0 && shown < look->most &&
           str_starts(str_of_val(key), look->key)) {
        l->found = false;
        rc = show(l, table, str_of_val(key), value);
        shown += l->found;
        if (rc == 0)
            rc = mdb_cursor_get(c, &key, &value, MDB_NEXT);
    }
    mdb_cursor_close(c);
    l->found = shown > 0;
    return rc != 0 && rc != MDB_NOTFOUND ? rc : shown > 0 ? 0 : MDB_NOTFOUND;
}

static int look_in(void *arg)
{
    struct looking *l = arg;
    const struct table *t = table_find(l->s, l->look->table, 0);
    if (t == NULL)
        return MDB_NOTFOUND;
    return l->look->most > 0 ? look_some(l, l->look->table, t->dbi)
                             : look_one(l, t);
}

static int look_everywhere(void *arg)
{
    struct looking *l = arg;
    int rc = 0, n = atomic_load(&l->s->tables_n);
    for (int i = 0; i < n && (rc == 0 || rc == MDB_NOTFOUND); i++)
        rc = look_some(l, str_of(l->s->tables[i].name), l->s->tables[i].dbi);
    return rc == MDB_NOTFOUND ? 0 : rc;
}

/* Read in a transaction of its own. */
static enum store_result reading(struct lmdb *s, int (*fn)(void *), void *arg,
                                 MDB_txn **txn)
{
    if (lmdb_forked(s))
        return STORE_FORKED;
    if (atomic_load(&s->damaged))
        return STORE_DAMAGED;
    int rc = env_reader(s, txn);
    if (rc != 0)
        return env_result(rc);
    rc = env_guard(s, fn, arg);
    if (rc == GUARD_BROKEN)
        pthread_rwlock_unlock(&s->mapped);
    else
        env_rest(s, *txn);
    return env_result(rc);
}

static bool may_be(const struct store_look *look)
{
    return look->key.n <= STORE_MOST_KEY && look->after.n <= STORE_MOST_KEY &&
           (look->most > 0 || look->key.n > 0);
}

void lmdb_look(struct store *store, const struct store_look *look)
{
    struct looking l = {.s = (struct lmdb *)store, .look = look};
    enum store_result result =
        may_be(look) ? reading(l.s, look_in, &l, &l.txn) : STORE_INPUT;
    if (look->done != NULL)
        look->done(look->user, result);
}

enum store_result lmdb_every(struct store *store, const struct store_look *look)
{
    struct store_look all = {.key = STR(""),
                             .most = INT32_MAX,
                             .now = look->now,
                             .row = look->row,
                             .user = look->user};
    struct looking l = {
        .s = (struct lmdb *)store, .look = &all, .lenient = true};
    enum store_result result = reading(l.s, look_everywhere, &l, &l.txn);
    return result == STORE_OK && l.damaged > 0 ? STORE_DAMAGED : result;
}

/* --- counting -------------------------------------------------------------- */

struct counting {
    struct lmdb *s;
    MDB_txn *txn;
    struct store_stat *stat;
};

static uint64_t bytes_of(const MDB_stat *of)
{
    return (of->ms_branch_pages + of->ms_leaf_pages + of->ms_overflow_pages) *
           of->ms_psize;
}

/* Pages that were used and are free now. */
static int count_free(const struct counting *c, uint64_t *pages)
{
    MDB_cursor *all;
    MDB_val key, value;
    int rc = mdb_cursor_open(c->txn, 0, &all); /* LMDB's table of them */
    if (rc != 0)
        return rc;
    while ((rc = mdb_cursor_get(all, &key, &value, MDB_NEXT)) == 0) {
        size_t n = 0;
        if (value.mv_size >= sizeof n)
            memcpy(&n, value.mv_data, sizeof n);
        *pages += n;
    }
    mdb_cursor_close(all);
    return rc == MDB_NOTFOUND ? 0 : rc;
}

static int count_tables(const struct counting *c, MDB_stat *of)
{
    struct store_stat *stat = c->stat;
    stat->tables_n = atomic_load(&c->s->tables_n);
    for (int i = 0; i < stat->tables_n; i++) {
        struct store_table_stat *t = &stat->tables[i];
        int rc = mdb_stat(c->txn, c->s->tables[i].dbi, of);
        if (rc != 0)
            return rc;
        memcpy(t->name, c->s->tables[i].name, sizeof t->name);
        t->rows = of->ms_entries;
        t->bytes = bytes_of(of);
    }
    return 0;
}

static uint64_t size_of_file(MDB_env *env)
{
    int fd;
    struct stat st;
    bool told = mdb_env_get_fd(env, &fd) == 0 && fstat(fd, &st) == 0;
    return told ? (uint64_t)st.st_size : 0;
}

static int count_all(void *arg)
{
    struct counting *c = arg;
    MDB_stat of;
    MDB_envinfo info;
    uint64_t free_pages = 0;
    int rc = mdb_env_stat(c->s->env, &of);
    if (rc == 0 && c->s->expiry != 0 &&
        (rc = mdb_stat(c->txn, c->s->expiry, &of)) == 0)
        c->stat->expiring = of.ms_entries;
    if (rc == 0)
        rc = count_tables(c, &of);
    if (rc == 0)
        rc = count_free(c, &free_pages);
    mdb_env_info(c->s->env, &info);
    c->stat->map = info.me_mapsize;
    c->stat->used = (info.me_last_pgno + 1 - free_pages) * of.ms_psize;
    c->stat->file = size_of_file(c->s->env);
    return rc;
}

enum store_result lmdb_stat(struct store *store, struct store_stat *stat)
{
    struct lmdb *s = (struct lmdb *)store;
    struct counting c = {.s = s, .stat = stat};
    *stat = (struct store_stat){.layout = LAYOUT_VERSION};
    return reading(s, count_all, &c, &c.txn);
}

/* The map shows what another process commits as soon as it has. */
uint64_t lmdb_version(struct store *store)
{
    struct lmdb *s = (struct lmdb *)store;
    MDB_envinfo info = {.me_last_txnid = 0};
    if (lmdb_forked(s) || atomic_load(&s->damaged))
        return 0;
    pthread_rwlock_rdlock(&s->mapped);
    if (s->env != NULL)
        mdb_env_info(s->env, &info);
    pthread_rwlock_unlock(&s->mapped);
    return info.me_last_txnid;
}
