/*
** apply.c -- one batch in the transaction of its group.
**
** What may be refused is judged before anything is written: whether each count
** stays within 63 bits and a sign. So a refused batch leaves no trace, and the
** others of the group need not be undone. A failure of LMDB's is another
** matter: it loses the transaction, and the writer begins it anew.
*/
#include <string.h>

#include "base/defence.h"
#include "store/lmdb/inner.h"
#include "store/seal.h"

static MDB_val val_of(str s)
{
    return (MDB_val){s.n, (void *)s.p};
}

/* --- rows ------------------------------------------------------------------ */

/* The row a step is about, as it is: 0, MDB_NOTFOUND (also when it does not
** read back as it was written: what is damaged may be written over), or what
** went wrong. *table is NULL while there is no such table. */
static int row_of(const struct group *g, const struct batch_step *step,
                  const struct table **table, struct row *row)
{
    MDB_val key = val_of(step->key), value;
    *row = (struct row){.table = step->table, .key = step->key};
    *table = table_find(g->s, step->table, g->fresh);
    if (*table == NULL)
        return MDB_NOTFOUND;
    int rc = mdb_get(g->txn, (*table)->dbi, &key, &value);
    if (rc == 0 && !seal_open((str){value.mv_data, value.mv_size}, row))
        return MDB_NOTFOUND;
    return rc;
}

static int index_add(const struct group *g, const struct row *row)
{
    char bytes[SEAL_EXPIRY];
    MDB_val key = {seal_expiry(bytes, row), bytes}, nothing = {0, NULL};
    return row->expires == NANOS_NEVER
               ? 0
               : mdb_put(g->txn, g->s->expiry, &key, &nothing, 0);
}

static int index_delete(const struct group *g, const struct row *row)
{
    char bytes[SEAL_EXPIRY];
    MDB_val key = {seal_expiry(bytes, row), bytes};
    int rc = row->expires == NANOS_NEVER
                 ? 0
                 : mdb_del(g->txn, g->s->expiry, &key, NULL);
    return rc == MDB_NOTFOUND ? 0 : rc;
}

/* Write a row, its bytes behind its head. */
static int write_row(const struct group *g, const struct table *t,
                     const struct row *row, str bytes)
{
    enum seal_kind kind = row->value.p != NULL ? SEAL_VALUE : SEAL_COUNT;
    MDB_val key = val_of(row->key), value = {SEAL_HEAD + bytes.n, NULL};
    int rc = mdb_put(g->txn, t->dbi, &key, &value, MDB_RESERVE);
    if (rc != 0)
        return rc;
    if (bytes.n > 0)
        memcpy((char *)value.mv_data + SEAL_HEAD, bytes.p, bytes.n);
    seal_close(value.mv_data, value.mv_size, kind, row);
    return index_add(g, row);
}

/* --- steps ----------------------------------------------------------------- */

static int set(struct group *g, const struct batch_step *step)
{
    const struct table *t;
    struct row row;
    int rc = row_of(g, step, &t, &row);
    if (rc == 0)
        rc = index_delete(g, &row);
    else if (rc == MDB_NOTFOUND && t == NULL)
        rc = table_make(g->s, g->txn, step->table, &g->fresh);
    if (rc != 0 && rc != MDB_NOTFOUND)
        return rc;
    t = table_find(g->s, step->table, g->fresh);
    row = (struct row){.key = step->key,
                       .table = step->table,
                       .value = step->value,
                       .expires = step->expires};
    return write_row(g, t, &row, step->value);
}

static int drop(struct group *g, const struct batch_step *step)
{
    const struct table *t;
    struct row row;
    MDB_val key = val_of(step->key);
    int rc = row_of(g, step, &t, &row);
    if (t == NULL)
        return 0;
    if (rc == 0)
        rc = index_delete(g, &row);
    if (rc == 0 || rc == MDB_NOTFOUND)
        rc = mdb_del(g->txn, t->dbi, &key, NULL);
    return rc == MDB_NOTFOUND ? 0 : rc;
}

/* What a counter would come to; false when it may not. */
static bool sum_of(const struct row *row, const struct batch_step *step,
                   int64_t *sum)
{
    if (row->value.p != NULL)
        return false;
    return !__builtin_add_overflow(row->count, step->number, sum) ||
           !DEFENCE(store_overflow);
}

/* The counter of a step, as if new when it is not there or has expired. */
static int counter_of(const struct group *g, const struct batch *b,
                      const struct batch_step *step, struct row *row)
{
    const struct table *t;
    int rc = row_of(g, step, &t, row);
    if (rc == MDB_NOTFOUND || (rc == 0 && row->expires <= b->now))
        *row = (struct row){
            .table = step->table, .key = step->key, .expires = step->expires};
    return rc == MDB_NOTFOUND ? 0 : rc;
}

static int count(struct group *g, struct batch *b,
                 const struct batch_step *step)
{
    const struct table *t;
    struct row was, row;
    int64_t sum = 0;
    int rc = row_of(g, step, &t, &was);
    if (rc == 0)
        rc = index_delete(g, &was);
    else if (rc == MDB_NOTFOUND)
        rc = t == NULL ? table_make(g->s, g->txn, step->table, &g->fresh) : 0;
    if (rc == 0)
        rc = counter_of(g, b, step, &row);
    if (rc != 0)
        return rc;
    sum_of(&row, step, &sum);
    batch_note(b, step, sum);
    row.count = sum;
    t = table_find(g->s, step->table, g->fresh);
    return write_row(g, t, &row, (str){(char *)&sum, sizeof sum});
}

/* --- batches --------------------------------------------------------------- */

/* Would every count be one? */
static int judge(const struct group *g, struct batch *b)
{
    size_t at = 0;
    struct batch_step step;
    struct row row;
    int64_t sum;
    b->result = STORE_OK;
    while (b->adds > 0 && batch_next(b, &at, &step)) {
        if (step.kind != BATCH_ADD)
            continue;
        int rc = counter_of(g, b, &step, &row);
        if (rc != 0)
            return rc;
        if (!sum_of(&row, &step, &sum))
            b->result = STORE_COUNTER;
    }
    return 0;
}

int apply_batch(struct group *g, struct batch *b)
{
    size_t at = 0;
    struct batch_step step;
    int rc = judge(g, b);
    if (b->result != STORE_OK)
        return rc;
    while (rc == 0 && batch_next(b, &at, &step))
        rc = step.kind == BATCH_PUT      ? set(g, &step)
             : step.kind == BATCH_DELETE ? drop(g, &step)
                                         : count(g, b, &step);
    return rc;
}

/* --- expiry ---------------------------------------------------------------- */

/* The row an entry of the index is about goes, if it still expires then. */
static int expire(struct group *g, const struct row *entry)
{
    const struct table *t;
    struct row row;
    struct batch_step step = {.table = entry->table, .key = entry->key};
    MDB_val key = val_of(entry->key);
    int rc = row_of(g, &step, &t, &row);
    if (rc == 0 && row.expires == entry->expires)
        rc = mdb_del(g->txn, t->dbi, &key, NULL);
    return rc == MDB_NOTFOUND ? 0 : rc;
}

int apply_sweep(struct group *g, nanos now, int most)
{
    MDB_cursor *index;
    MDB_val key, value;
    struct row entry;
    int rc = mdb_cursor_open(g->txn, g->s->expiry, &index);
    if (rc != 0)
        return rc;
    while (g->swept < most &&
           (rc = mdb_cursor_get(index, &key, &value, MDB_FIRST)) == 0) {
        char copy[SEAL_EXPIRY];
        size_t n = key.mv_size < sizeof copy ? key.mv_size : sizeof copy;
        memcpy(copy, key.mv_data, n);
        bool whole = seal_read_expiry((str){copy, n}, &entry);
        if (whole && entry.expires > now)
            break;
        if ((rc = whole ? expire(g, &entry) : 0) != 0 ||
            (rc = mdb_cursor_del(index, 0)) != 0)
            break;
        g->swept++;
    }
    mdb_cursor_close(index);
    return rc == MDB_NOTFOUND ? 0 : rc;
}
