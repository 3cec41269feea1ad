/*
** book.h -- usage on its way to the store.
**
**     each request's end --add--> [ book, in memory ] --flush--> rows
**
** One book is shared by the runtimes of a realm. To add takes a short lock and
** asks no disk. A flush, now and then and on a thread that may wait, takes all
** that is in the book and adds it to the rows of the store, some hundred in a
** batch; what cannot be written stays in the book and goes with a later flush.
** A process that is killed loses what was in its book.
**
** Both are bounded. A book that holds BOOK_MOST groups, or a day that has
** BOOK_ROWS rows, takes no new names: they are folded (row.h), first those
** that clients made up, so that no client can hide what others use.
*/
#ifndef STORE_USAGE_BOOK_H
#define STORE_USAGE_BOOK_H

#include <pthread.h>

#include "store/store.h"
#include "store/usage/set.h"

#define BOOK_MOST  8192  /* groups that a book holds, folded ones beside */
#define BOOK_ROWS  10000 /* rows of a day, folded ones beside */
#define BOOK_BATCH 256   /* rows in a batch */

/* Rows that a day has. */
struct book_day {
    int day, rows; /* rows < 0: not counted yet */
};

struct book {
    pthread_mutex_t lock;
    struct usage_set set;
    int64_t lost;            /* additions there was no memory for */
    bool crowded;            /* names were folded since the last flush */
    int days;                /* that rows are kept */
    size_t most;             /* [BOOK_MOST] */
    int rows;                /* [BOOK_ROWS] */
    pthread_mutex_t writing; /* of what follows; taken first */
    struct book_day counted[2];
};

/* For realm_share: an empty book, and its end. */
void book_init(void *book);
void book_fini(void *book);

/* Who uses it says for how many days rows are kept, and brings the dice; the
** first one's count. */
void book_setup(struct book *b, int days, const uint64_t dice[2]);

/* Who used something. */
struct book_entry {
    str names[USAGE_NAMES];
    struct usage_sums sums;
    int day;
    unsigned proven; /* of the names: see usage_fold */
};

/* Is anything in it? [any thread] */
bool book_holds(struct book *b);

/* Add. [any thread] */
void book_add(struct book *b, const struct book_entry *entry);

struct book_flush {
    enum store_result result; /* of the store; what is not written is kept */
    bool crowded;             /* names were folded since the last flush */
    int64_t lost;             /* additions lost since then */
    size_t held;              /* groups that are still in the book */
};

/* Write what is in it. Waits for the disk. [any thread] */
struct book_flush book_flush(struct book *b, struct store *s, nanos now);

#endif
