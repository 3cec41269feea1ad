/*
** book.c -- adding in memory; and adding that to rows.
**
** A row is read, added to and written. Nobody else does that meanwhile: one
** process writes a store, and within it one flush at a time. What a batch wrote
** leaves the book for good; what it could not write is added to whatever came
** meanwhile. So nothing is counted twice, and nothing is lost while there is
** memory for it.
*/
#include "store/usage/book.h"

#include "base/defence.h"
#include "store/batch.h"

#define LAST (USAGE_LEVELS - 1)

void book_init(void *at)
{
    struct book *b = at;
    pthread_mutex_init(&b->lock, NULL);
    pthread_mutex_init(&b->writing, NULL);
    usage_set_init(&b->set, (uint64_t[2]){0, 0});
    b->most = BOOK_MOST;
    b->rows = BOOK_ROWS;
}

void book_fini(void *at)
{
    struct book *b = at;
    usage_set_fini(&b->set);
    pthread_mutex_destroy(&b->writing);
    pthread_mutex_destroy(&b->lock);
}

void book_setup(struct book *b, int days, const uint64_t dice[2])
{
    pthread_mutex_lock(&b->lock);
    if (b->days == 0) {
        b->days = days;
        usage_set_init(&b->set, dice);
    }
    pthread_mutex_unlock(&b->lock);
}

/* --- in memory ------------------------------------------------------------- */

/* Groups of a level that may be there beside those of the levels before; what is
** folded as far as can be always finds room. */
static size_t room(size_t most, int level)
{
    return level < LAST ? most + most / 8 * (size_t)level : SIZE_MAX;
}

/* Under the lock: add to the group of these names, or what it folds to. */
static void add(struct book *b, int day, str packed, unsigned proven,
                const struct usage_sums *sums)
{
    char folded[USAGE_PACKED];
    struct usage_group *g = NULL;
    for (int level = 0; g == NULL && level <= LAST; level++) {
        size_t most = DEFENCE(usage_held) ? room(b->most, level) : SIZE_MAX;
        if (level > 0)
            packed = usage_fold(folded, packed, proven, level);
        g = usage_set_add(&b->set, day, packed, sums, most);
        b->crowded = b->crowded || level > 0;
    }
    if (g != NULL)
        g->proven = proven;
    b->lost += g == NULL;
}

bool book_holds(struct book *b)
{
    pthread_mutex_lock(&b->lock);
    bool holds = b->set.n > 0 || b->lost > 0;
    pthread_mutex_unlock(&b->lock);
    return holds;
}

void book_add(struct book *b, const struct book_entry *entry)
{
    char packed[USAGE_PACKED];
    str names = usage_pack(packed, entry->names);
    pthread_mutex_lock(&b->lock);
    add(b, entry->day, names, entry->proven, &entry->sums);
    pthread_mutex_unlock(&b->lock);
}

/* --- to the store ---------------------------------------------------------- */

struct writing {
    struct book *book;
    struct store *store;
    nanos now;
    struct usage_set level[USAGE_LEVELS]; /* folded so far */
    struct batch batch;
    int batched;
    struct buf value;
    bool crowded;
    int64_t lost;
};

static void count_row(void *user, const struct row *row)
{
    (void)row;
    ++*(int *)user;
}

/* Rows that a day has now; those past the most are not counted. */
static int count_rows(struct writing *w, int day)
{
    int n = 0;
    char key[USAGE_ROW_KEY];
    struct store_look look = {.table = STR(USAGE_TABLE),
                              .key = usage_day_key(key, day),
                              .most = 2 * w->book->rows,
                              .now = w->now,
                              .row = count_row,
                              .user = &n};
    store_look(w->store, &look);
    return n;
}

static struct book_day *rows_of(struct writing *w, int day)
{
    struct book_day *d = w->book->counted;
    if (d[0].day != day) {
        struct book_day other = d[1];
        d[1] = d[0];
        d[0] = other.day == day ? other : (struct book_day){day, -1};
    }
    if (d[0].rows < 0)
        d[0].rows = count_rows(w, day);
    return &d[0];
}

static void forget_rows(struct book *b)
{
    for (int i = 0; i < 2; i++)
        b->counted[i].rows = -1;
}

struct finding {
    str packed;
    struct usage_sums *sums;
    enum { FOUND_NOTHING, FOUND_IT, FOUND_ANOTHER } what;
    enum store_result result;
};

static void take_row(void *user, const struct row *row)
{
    int day;
    str packed;
    struct usage_sums sums;
    struct finding *f = user;
    if (!usage_row_read(row->key, row->value, &day, &packed, &sums))
        return;
    f->what = str_eq(packed, f->packed) ? FOUND_IT : FOUND_ANOTHER;
    if (f->what == FOUND_IT)
        usage_sums_add(f->sums, &sums);
}

static void take_result(void *user, enum store_result result)
{
    ((struct finding *)user)->result = result;
}

/* The row of a group, if it is there; its counts are added to *sums. What is
** there and is no row may be written over. */
static struct finding find_row(struct writing *w, str key, str packed,
                               struct usage_sums *sums)
{
    struct finding f = {.packed = packed, .sums = sums};
    struct store_look look = {.table = STR(USAGE_TABLE),
                              .key = key,
                              .now = w->now,
                              .row = take_row,
                              .done = take_result,
                              .user = &f};
    store_look(w->store, &look);
    if (f.result == STORE_MISSING || f.result == STORE_DAMAGED)
        f.result = STORE_OK;
    return f;
}

/* May a row that is not there be made? */
static bool may_make(struct writing *w, int day, int level)
{
    size_t rows = (size_t)rows_of(w, day)->rows;
    return rows < room((size_t)w->book->rows, level) || !DEFENCE(usage_rows);
}

static void fold_up(struct writing *w, struct usage_group *g, int level)
{
    char folded[USAGE_PACKED];
    str packed = usage_fold(folded, usage_group_names(g), g->proven, level + 1);
    struct usage_group *to =
        usage_set_add(&w->level[level + 1], g->day, packed, &g->sums, SIZE_MAX);
    if (to != NULL)
        to->proven = g->proven;
    w->lost += to == NULL;
    w->crowded = true;
    g->done = true;
}

static nanos expiry_of(const struct writing *w, int day)
{
    return ((nanos)day + 1 + w->book->days) * 86400 * NANOS_S;
}

/* Put a group's row into the batch, or the group to those that are folded. */
static enum store_result place(struct writing *w, struct usage_group *g,
                               int level)
{
    char bytes[USAGE_ROW_KEY];
    struct usage_sums sums = g->sums;
    str packed = usage_group_names(g), key = {bytes, sizeof bytes};
    usage_row_key(bytes, g->day, packed);
    struct finding f = find_row(w, key, packed, &sums);
    if (f.result != STORE_OK)
        return f.result;
    bool fresh = f.what != FOUND_IT;
    bool fits = f.what == FOUND_NOTHING && may_make(w, g->day, level);
    if (fresh && !fits && level < LAST) {
        fold_up(w, g, level);
        return STORE_OK;
    }
    buf_clear(&w->value);
    usage_row_put(&w->value, packed, &sums);
    if (!buf_ok(&w->value))
        return STORE_MEMORY;
    batch_put(&w->batch, STR(USAGE_TABLE), key, buf_str(&w->value),
              expiry_of(w, g->day));
    if (fresh)
        rows_of(w, g->day)->rows++;
    g->pending = true;
    w->batched++;
    return STORE_OK;
}

/* Write the batch: its groups, from `first` on, are done. */
static enum store_result write_batch(struct writing *w,
                                     struct usage_group *first)
{
    enum store_result result =
        w->batched > 0 ? store_write(w->store, &w->batch) : STORE_OK;
    batch_fini(&w->batch);
    batch_init(&w->batch, w->now);
    w->batched = 0;
    for (struct usage_group *g = first; g != NULL; g = g->next) {
        g->done = g->done || (g->pending && result == STORE_OK);
        g->pending = false;
    }
    return result;
}

static enum store_result write_level(struct writing *w, int level)
{
    enum store_result result = STORE_OK;
    struct usage_group *first = w->level[level].first, *g = first;
    for (; g != NULL && result == STORE_OK; g = g->next) {
        result = place(w, g, level);
        if (result == STORE_OK && w->batched == BOOK_BATCH) {
            result = write_batch(w, first);
            first = g->next;
        }
    }
    return result == STORE_OK ? write_batch(w, first) : result;
}

/* --- a flush --------------------------------------------------------------- */

/* All that is in the book; it is empty then. */
static void take_all(struct writing *w)
{
    struct book *b = w->book;
    pthread_mutex_lock(&b->lock);
    for (int i = 0; i < USAGE_LEVELS; i++)
        usage_set_init(&w->level[i], b->set.dice);
    w->level[0] = b->set;
    if (w->level[0].first == NULL)
        w->level[0].last = &w->level[0].first;
    usage_set_init(&b->set, b->set.dice);
    w->crowded = b->crowded;
    w->lost = b->lost;
    b->crowded = false;
    b->lost = 0;
    pthread_mutex_unlock(&b->lock);
}

/* What was not written goes back into the book. How much that is. */
static size_t give_back(struct writing *w)
{
    struct book *b = w->book;
    pthread_mutex_lock(&b->lock);
    for (int i = 0; i < USAGE_LEVELS; i++)
        for (struct usage_group *g = w->level[i].first; g; g = g->next)
            if (!g->done)
                add(b, g->day, usage_group_names(g), g->proven, &g->sums);
    size_t held = b->set.n;
    pthread_mutex_unlock(&b->lock);
    return held;
}

struct book_flush book_flush(struct book *b, struct store *s, nanos now)
{
    struct writing w = {.book = b, .store = s, .now = now};
    struct book_flush f = {.result = STORE_OK};
    pthread_mutex_lock(&b->writing);
    take_all(&w);
    batch_init(&w.batch, now);
    buf_init(&w.value, 4 * USAGE_PACKED);
    for (int i = 0; i <= LAST && f.result == STORE_OK; i++)
        f.result = write_level(&w, i);
    if (f.result != STORE_OK)
        forget_rows(b);
    f.held = give_back(&w);
    f.crowded = w.crowded;
    f.lost = w.lost;
    batch_fini(&w.batch);
    buf_fini(&w.value);
    for (int i = 0; i < USAGE_LEVELS; i++)
        usage_set_fini(&w.level[i]);
    pthread_mutex_unlock(&b->writing);
    return f;
}
