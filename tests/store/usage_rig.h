/*
** usage_rig.h -- a book, a store, and short words for who used what.
*/
#ifndef TESTS_STORE_USAGE_RIG_H
#define TESTS_STORE_USAGE_RIG_H

#include "store/store_rig.h"
#include "store/usage/book.h"
#include "store/usage/usage.h"

#define DAY   20000 /* 2024-10-04 */
#define CLOCK ((nanos)DAY * 86400 * NANOS_S + NANOS_S)

static const uint64_t usage_dice[2] = {7, 9};
static struct book book;
static struct buf report;

static inline void book_open(void)
{
    memset(&book, 0, sizeof book);
    book_init(&book);
    book_setup(&book, 400, usage_dice);
    buf_init(&report, 1 << 26);
}

static inline void usage_open(void)
{
    rig_open();
    book_open();
}

static inline void book_close(void)
{
    book_fini(&book);
    buf_fini(&report);
}

static inline void usage_close(void)
{
    book_close();
    rig_close();
}

/* One request with one call, of that user and model. */
static inline struct book_entry entry(int day, const char *user,
                                      const char *model)
{
    struct book_entry e = {.day = day};
    e.names[USAGE_USER] = str_of(user);
    e.names[USAGE_MODEL] = str_of(model);
    e.sums.of[USAGE_REQUESTS] = 1;
    e.sums.of[USAGE_CALLS] = 1;
    return e;
}

static inline void used(int day, const char *user, const char *model)
{
    struct book_entry e = entry(day, user, model);
    book_add(&book, &e);
}

static inline void flush(void)
{
    CHECK_INT(book_flush(&book, store, CLOCK).result, STORE_OK);
}

/* A query over every day, by these columns. */
static inline struct usage_query ask_by(const char *by)
{
    char wrong[USAGE_WHY];
    struct usage_query q;
    usage_query_init(&q, CLOCK, usage_dice);
    CHECK(usage_query_take(&q, STR("by"), str_of(by), wrong) == NULL);
    q.from = 0;
    q.to = 100000;
    return q;
}

/* The first `columns` fields of each line of a CSV report, as "ada,1 ben,2 ". */
static inline str csv_of(const struct usage_query *q, int columns)
{
    static char room[1 << 16];
    struct store_why trouble;
    struct buf to = {.p = room, .cap = sizeof room, .max = sizeof room};
    buf_clear(&report);
    CHECK(usage_report(&report, store, q, USAGE_CSV, &trouble));
    str rest = buf_str(&report);
    str_split(&rest, '\n');
    while (rest.n > 0) {
        str line = str_split(&rest, '\n');
        for (int i = 0; i < columns; i++) {
            buf_text(&to, i > 0 ? "," : "");
            buf_add(&to, str_split(&line, ','));
        }
        buf_byte(&to, ' ');
    }
    return buf_str(&to);
}

static inline str told_by(const char *by, int columns)
{
    struct usage_query q = ask_by(by);
    return csv_of(&q, columns);
}

#endif
