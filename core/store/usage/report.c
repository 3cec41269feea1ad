/*
** report.c -- rows of many days, added up by what was asked for.
**
** Read in pages: a transaction that lasts keeps pages of the file from being
** used again. What is written meanwhile may be in the report or not.
*/
#include "store/usage/usage.h"

#include <stdio.h>
#include <stdlib.h>

#include "base/defence.h"
#include "base/mem.h"

#define PAGE 1024 /* rows */

struct reading {
    const struct usage_query *q;
    struct usage_lines *lines;
    char at[USAGE_ROW_KEY]; /* the last key that was seen */
    size_t at_n;
    int rows;  /* of this page */
    bool past; /* the last day */
    bool full; /* no memory, or too many lines */
    enum store_result result;
};

/* --- reading --------------------------------------------------------------- */

static bool wanted(const struct usage_query *q, const str names[USAGE_NAMES])
{
    for (int i = 0; i < USAGE_NAMES; i++)
        if (q->only[i].p != NULL && !str_eq(q->only[i], names[i]))
            return false;
    return true;
}

static bool is_column(const struct usage_query *q, enum usage_field f)
{
    for (int i = 0; i < q->by_n; i++)
        if (q->by[i] == f)
            return true;
    return false;
}

static void add(struct reading *r, int day, str names[USAGE_NAMES],
                const struct usage_sums *sums)
{
    char packed[USAGE_PACKED];
    const struct usage_query *q = r->q;
    for (int i = 0; i < USAGE_NAMES; i++)
        if (!is_column(q, (enum usage_field)i))
            names[i] = STR_NONE;
    day = is_column(q, USAGE_DAY) ? day : 0;
    size_t most = DEFENCE(usage_lines) ? q->most : SIZE_MAX;
    if (usage_set_add(r->lines->set, day, usage_pack(packed, names), sums,
                      most) == NULL)
        r->full = true;
    usage_sums_add(&r->lines->total, sums);
}

static void take_row(void *user, const struct row *row)
{
    int day;
    str packed, names[USAGE_NAMES];
    struct usage_sums sums;
    struct reading *r = user;
    r->rows++;
    r->at_n = row->key.n < sizeof r->at ? row->key.n : sizeof r->at;
    memcpy(r->at, row->key.p, r->at_n);
    if (!usage_row_read(row->key, row->value, &day, &packed, &sums) ||
        !usage_unpack(packed, names))
        return;
    r->past = r->past || day > r->q->to;
    if (!r->past && wanted(r->q, names))
        add(r, day, names, &sums);
}

static void take_result(void *user, enum store_result result)
{
    ((struct reading *)user)->result = result;
}

static void read_page(struct reading *r, struct store *s)
{
    char after[USAGE_ROW_KEY];
    memcpy(after, r->at, r->at_n);
    struct store_look look = {.table = STR(USAGE_TABLE),
                              .key = STR(""),
                              .after = {after, r->at_n},
                              .most = PAGE,
                              .now = r->q->now,
                              .row = take_row,
                              .done = take_result,
                              .user = r};
    r->rows = 0;
    store_look(s, &look);
}

static enum store_result read_all(struct reading *r, struct store *s)
{
    r->at_n = usage_day_key(r->at, r->q->from).n;
    do
        read_page(r, s);
    while (r->result == STORE_OK && r->rows == PAGE && !r->past && !r->full);
    return r->result == STORE_MISSING ? STORE_OK : r->result;
}

/* --- sorting --------------------------------------------------------------- */

struct sorted {
    struct usage_group *group;
    const struct usage_query *q;
};

static int compare_text(str a, str b)
{
    size_t n = a.n < b.n ? a.n : b.n;
    int order = n > 0 ? memcmp(a.p, b.p, n) : 0;
    return order != 0 ? order : (a.n > b.n) - (a.n < b.n);
}

static int compare(const void *x, const void *y)
{
    str left[USAGE_NAMES], right[USAGE_NAMES];
    const struct sorted *a = x, *b = y;
    usage_unpack(usage_group_names(a->group), left);
    usage_unpack(usage_group_names(b->group), right);
    int order = 0, day = a->group->day, other = b->group->day;
    for (int i = 0; order == 0 && i < a->q->by_n; i++) {
        enum usage_field f = a->q->by[i];
        order = f == USAGE_DAY ? (day > other) - (day < other)
                               : compare_text(left[f], right[f]);
    }
    return order;
}

static bool sort(struct usage_lines *lines, const struct usage_query *q)
{
    size_t n = 0, all = lines->set->n;
    struct sorted *sorted = mem_alloc((all + 1) * sizeof *sorted);
    lines->line = mem_alloc((all + 1) * sizeof(struct usage_group *));
    if (sorted == NULL || lines->line == NULL) {
        mem_free(sorted);
        return false;
    }
    for (struct usage_group *g = lines->set->first; g != NULL; g = g->next)
        sorted[n++] = (struct sorted){g, q};
    qsort(sorted, n, sizeof *sorted, compare);
    for (size_t i = 0; i < n; i++)
        lines->line[i] = sorted[i].group;
    lines->n = n;
    mem_free(sorted);
    return true;
}

/* --- all ------------------------------------------------------------------- */

static bool too_many(const struct usage_query *q, struct store_why *why)
{
    why->result = STORE_INPUT;
    snprintf(why->text, sizeof why->text,
             "the report would have more than %zu lines; ask for fewer days, "
             "or by less",
             q->most);
    return false;
}

static bool fail(const struct store *s, enum store_result result,
                 struct store_why *why)
{
    store_say(why, result, s->path, NULL);
    return false;
}

bool usage_lines_read(struct usage_lines *lines, struct store *s,
                      const struct usage_query *q, struct store_why *why)
{
    *lines = (struct usage_lines){.set = mem_zero(sizeof *lines->set)};
    if (lines->set == NULL)
        return fail(s, STORE_MEMORY, why);
    usage_set_init(lines->set, q->dice);
    struct reading r = {.q = q, .lines = lines};
    enum store_result result = read_all(&r, s);
    if (result != STORE_OK)
        return fail(s, result, why);
    if (r.full && lines->set->n >= q->most)
        return too_many(q, why);
    return !r.full && sort(lines, q) ? true : fail(s, STORE_MEMORY, why);
}

void usage_lines_free(struct usage_lines *lines)
{
    if (lines->set != NULL)
        usage_set_fini(lines->set);
    mem_free(lines->set);
    mem_free(lines->line);
    *lines = (struct usage_lines){.n = 0};
}

str usage_line_text(const struct usage_group *g, enum usage_field f,
                    char room[USAGE_DATE])
{
    str names[USAGE_NAMES];
    if (f == USAGE_DAY)
        return usage_date(room, g->day);
    usage_unpack(usage_group_names(g), names);
    return names[f];
}
