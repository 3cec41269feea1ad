/*
** tables.c -- named tables, and what version of this layout wrote them.
**
** A table is a tree of LMDB's under its own name. Two have names that no table
** can have: "+perilune" holds the layout's version, "+expiry" the index by
** expiry. All handles are opened once: those that are there when the store is
** opened, later ones by the writer, in the transaction that first needs them.
**
** The layout's number changes when older versions could not read what is
** written. A newer one is refused. An older one gets its step of migration
** here, in the same transaction; there has been only one so far.
*/
#include <errno.h>
#include <string.h>

#include "store/lmdb/inner.h"

#define OURS   "+perilune"
#define EXPIRY "+expiry"

static const MDB_val layout_key = {6, (void *)"layout"};

static int write_layout(MDB_txn *txn)
{
    MDB_dbi ours;
    uint32_t version = LAYOUT_VERSION;
    MDB_val key = layout_key, value = {sizeof version, &version};
    int rc = mdb_dbi_open(txn, OURS, MDB_CREATE, &ours);
    return rc != 0 ? rc : mdb_put(txn, ours, &key, &value, 0);
}

static int judge_layout(MDB_txn *txn, MDB_dbi ours, const char **detail)
{
    uint32_t version = 0;
    MDB_val key = layout_key, value;
    int rc = mdb_get(txn, ours, &key, &value);
    if (rc == 0 && value.mv_size == sizeof version)
        memcpy(&version, value.mv_data, sizeof version);
    if (rc == 0 && version == LAYOUT_VERSION)
        return 0;
    *detail = rc != 0 || version == 0 ? "its layout has no version"
              : version > LAYOUT_VERSION
                  ? "its layout is newer than this version knows"
                  : "its layout is older than this version can read";
    return MDB_VERSION_MISMATCH;
}

static int check_layout(struct lmdb *s, MDB_txn *txn, const char **detail)
{
    MDB_dbi ours;
    MDB_stat all;
    int rc = mdb_dbi_open(txn, OURS, 0, &ours);
    if (rc == 0)
        return judge_layout(txn, ours, detail);
    if (rc != MDB_NOTFOUND)
        return rc;
    mdb_stat(txn, 1, &all); /* LMDB's own table of tables */
    if (all.ms_entries > 0) {
        *detail = "it is another program's";
        return MDB_VERSION_MISMATCH;
    }
    return s->options.read_only ? 0 : write_layout(txn);
}

static int open_table(struct lmdb *s, MDB_txn *txn, str name, int at)
{
    struct table *t = &s->tables[at];
    if (at == STORE_MOST_TABLES)
        return MDB_DBS_FULL;
    memcpy(t->name, name.p, name.n);
    t->name[name.n] = '\0';
    return mdb_dbi_open(txn, t->name, s->options.read_only ? 0 : MDB_CREATE,
                        &t->dbi);
}

static int open_named(struct lmdb *s, MDB_txn *txn, MDB_cursor *all)
{
    MDB_val key, value;
    int rc, n = 0;
    while ((rc = mdb_cursor_get(all, &key, &value, MDB_NEXT)) == 0) {
        str name = {key.mv_data, key.mv_size};
        if (name.n == 0 || name.n > STORE_MOST_NAME || name.p[0] == '+')
            continue;
        if ((rc = open_table(s, txn, name, n)) != 0)
            return rc;
        n++;
    }
    atomic_store_explicit(&s->tables_n, n, memory_order_release);
    return rc == MDB_NOTFOUND ? 0 : rc;
}

int tables_open(struct lmdb *s, MDB_txn *txn, const char **detail)
{
    MDB_dbi main;
    MDB_cursor *all;
    int rc = mdb_dbi_open(txn, NULL, 0, &main);
    if (rc == 0)
        rc = check_layout(s, txn, detail);
    if (rc == 0)
        rc = mdb_dbi_open(txn, EXPIRY, s->options.read_only ? 0 : MDB_CREATE,
                          &s->expiry);
    if (rc == MDB_NOTFOUND && s->options.read_only)
        return 0; /* nothing was ever written */
    if (rc == 0)
        rc = mdb_cursor_open(txn, main, &all);
    if (rc != 0)
        return rc;
    rc = open_named(s, txn, all);
    mdb_cursor_close(all);
    return rc;
}

const struct table *table_find(const struct lmdb *s, str name, int fresh)
{
    int n = atomic_load_explicit(&s->tables_n, memory_order_acquire) + fresh;
    for (int i = 0; i < n; i++)
        if (str_eq(str_of(s->tables[i].name), name))
            return &s->tables[i];
    return NULL;
}

int table_make(struct lmdb *s, MDB_txn *txn, str name, int *fresh)
{
    int rc = open_table(s, txn, name, atomic_load(&s->tables_n) + *fresh);
    *fresh += rc == 0;
    return rc;
}
