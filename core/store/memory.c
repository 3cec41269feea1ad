/*
** memory.c -- rows in the order of their tables and keys, found by halving.
**
** A batch is looked at before it is applied, so that one that cannot be leaves
** nothing behind: its counters must stay within bounds and its rows must fit.
*/
#include "store/memory.h"

#include <pthread.h>

#include "base/mem.h"
#include "store/batch.h"

struct memory_row {
    str table, key, value;
    int64_t count;
    nanos expires;
    char bytes[];
};

struct memory {
    struct store base;
    pthread_mutex_t lock;
    struct memory_row **rows;
    size_t n, cap, used, most;
    uint64_t version;
};

static struct memory *memory_of(struct store *s)
{
    return (struct memory *)s;
}

/* --- finding --------------------------------------------------------------- */

static int order(str a, str b)
{
    size_t n = a.n < b.n ? a.n : b.n;
    int first = n > 0 ? memcmp(a.p, b.p, n) : 0;
    return first != 0 ? first : (a.n > b.n) - (a.n < b.n);
}

static int order_of(const struct memory_row *row, str table, str key)
{
    int by_table = order(row->table, table);
    return by_table != 0 ? by_table : order(row->key, key);
}

/* Where the row stands, or would. */
static size_t place(const struct memory *m, str table, str key, bool *there)
{
    size_t low = 0, high = m->n;
    while (low < high) {
        size_t middle = low + (high - low) / 2;
        if (order_of(m->rows[middle], table, key) < 0)
            low = middle + 1;
        else
            high = middle;
    }
    *there = low < m->n && order_of(m->rows[low], table, key) == 0;
    return low;
}

static size_t size_of(str table, str key, str value)
{
    return sizeof(struct memory_row) + table.n + key.n + value.n;
}

/* --- changing -------------------------------------------------------------- */

static void take_out(struct memory *m, size_t at)
{
    struct memory_row *row = m->rows[at];
    m->used -= size_of(row->table, row->key, row->value);
    m->n--;
    memmove(&m->rows[at], &m->rows[at + 1], (m->n - at) * sizeof(void *));
    mem_free(row);
}

static struct memory_row *make_row(const struct batch_step *step)
{
    str value = step->kind == BATCH_ADD ? STR_NONE : step->value;
    struct memory_row *row = mem_zero(size_of(step->table, step->key, value));
    if (row == NULL)
        return NULL;
    const str from[] = {step->table, step->key, value};
    str *to[] = {&row->table, &row->key, &row->value};
    char *p = row->bytes;
    for (int i = 0; i < 3; i++) {
        if (from[i].n > 0)
            memcpy(p, from[i].p, from[i].n);
        *to[i] = (str){from[i].p != NULL ? p : NULL, from[i].n};
        p += from[i].n;
    }
    row->expires = step->expires;
    return row;
}

static bool has_room(struct memory *m)
{
    if (m->n < m->cap)
        return true;
    size_t cap = m->cap > 0 ? m->cap * 2 : 64;
    struct memory_row **rows =
        mem_resize(m->rows, cap * sizeof(struct memory_row *));
    if (rows == NULL)
        return false;
    m->rows = rows;
    m->cap = cap;
    return true;
}

static bool put_in(struct memory *m, size_t at, struct memory_row *row)
{
    if (row == NULL || !has_room(m)) {
        mem_free(row);
        return false;
    }
    memmove(&m->rows[at + 1], &m->rows[at], (m->n - at) * sizeof(void *));
    m->rows[at] = row;
    m->n++;
    m->used += size_of(row->table, row->key, row->value);
    return true;
}

static bool apply_step(struct memory *m, struct batch *b,
                       const struct batch_step *step)
{
    bool there;
    size_t at = place(m, step->table, step->key, &there);
    if (there && m->rows[at]->expires <= b->now) {
        take_out(m, at);
        there = false;
    }
    if (there && step->kind != BATCH_ADD)
        take_out(m, at);
    if (step->kind == BATCH_DELETE)
        return true;
    if (!(there && step->kind == BATCH_ADD) && !put_in(m, at, make_row(step)))
        return false;
    if (step->kind == BATCH_ADD) {
        m->rows[at]->count += step->number;
        batch_note(b, step, m->rows[at]->count);
    }
    return true;
}

/* Could it be applied as a whole? */
static enum store_result judge(struct memory *m, const struct batch *b)
{
    struct batch_step step;
    size_t at = 0, more = 0;
    while (batch_next(b, &at, &step)) {
        bool there;
        int64_t sum;
        size_t row = place(m, step.table, step.key, &there);
        if (step.kind != BATCH_DELETE)
            more += size_of(step.table, step.key, step.value);
        if (step.kind != BATCH_ADD || !there)
            continue;
        if (m->rows[row]->value.p != NULL ||
            __builtin_add_overflow(m->rows[row]->count, step.number, &sum))
            return STORE_COUNTER;
    }
    return m->most > 0 && more > 0 && m->used + more > m->most ? STORE_FULL
                                                               : STORE_OK;
}

static enum store_result commit(struct store *s, struct batch *b)
{
    struct memory *m = memory_of(s);
    struct batch_step step;
    size_t at = 0;
    if (b->wrong != STORE_OK)
        return b->wrong;
    pthread_mutex_lock(&m->lock);
    b->result = judge(m, b);
    while (b->result == STORE_OK && batch_next(b, &at, &step))
        if (!apply_step(m, b, &step))
            b->result = STORE_MEMORY;
    m->version++;
    pthread_mutex_unlock(&m->lock);
    b->done(b);
    return STORE_OK;
}

/* --- looking --------------------------------------------------------------- */

static void show(const struct store_look *look, const struct memory_row *row)
{
    look->row(look->user, &(struct row){.table = row->table,
                                        .key = row->key,
                                        .value = row->value,
                                        .count = row->count,
                                        .expires = row->expires});
}

static int look_some(struct memory *m, const struct store_look *look)
{
    bool there;
    int shown = 0, most = look->most > 0 ? look->most : 1;
    bool behind = look->most > 0 && look->after.p != NULL;
    size_t at = place(m, look->table, behind ? look->after : look->key, &there);
    for (at += behind && there; at < m->n && shown < most; at++) {
        const struct memory_row *row = m->rows[at];
        if (!str_eq(row->table, look->table) ||
            !str_starts(row->key, look->key) ||
            (look->most == 0 && !str_eq(row->key, look->key)))
            break;
        if (row->expires <= look->now)
            continue;
        show(look, row);
        shown++;
    }
    return shown;
}

static void look_at(struct store *s, const struct store_look *look)
{
    struct memory *m = memory_of(s);
    pthread_mutex_lock(&m->lock);
    int shown = look_some(m, look);
    pthread_mutex_unlock(&m->lock);
    if (look->done != NULL)
        look->done(look->user, shown > 0 ? STORE_OK : STORE_MISSING);
}

static enum store_result every(struct store *s, const struct store_look *look)
{
    struct memory *m = memory_of(s);
    pthread_mutex_lock(&m->lock);
    for (size_t i = 0; i < m->n; i++)
        if (m->rows[i]->expires > look->now)
            show(look, m->rows[i]);
    pthread_mutex_unlock(&m->lock);
    return STORE_OK;
}

static enum store_result count(struct store *s, struct store_stat *stat)
{
    struct memory *m = memory_of(s);
    pthread_mutex_lock(&m->lock);
    *stat = (struct store_stat){.used = m->used};
    pthread_mutex_unlock(&m->lock);
    return STORE_OK;
}

static uint64_t version(struct store *s)
{
    struct memory *m = memory_of(s);
    pthread_mutex_lock(&m->lock);
    uint64_t v = m->version;
    pthread_mutex_unlock(&m->lock);
    return v;
}

static void close_it(struct store *s)
{
    struct memory *m = memory_of(s);
    for (size_t i = 0; i < m->n; i++)
        mem_free(m->rows[i]);
    mem_free(m->rows);
    pthread_mutex_destroy(&m->lock);
    mem_free(m);
}

struct store *store_in_memory(size_t most)
{
    static const struct store_ops ops = {look_at, commit,  every,
                                         count,   version, close_it};
    struct memory *m = mem_zero(sizeof *m);
    if (m == NULL)
        return NULL;
    m->base = (struct store){.ops = &ops, .path = "memory"};
    m->most = most;
    m->version = 1;
    pthread_mutex_init(&m->lock, NULL);
    return &m->base;
}
