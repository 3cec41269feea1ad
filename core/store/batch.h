/*
** batch.h -- changes that are made together or not at all.
**
**     batch_init(&b, now);
**     batch_put(&b, STR("answers"), key, value, expires);
**     batch_add(&b, STR("spent"), user, 120, NANOS_NEVER);
**     b.done = written;                     [called on the writer's thread]
**     result = store_commit(store, &b);
**
** Plain memory of its maker: embedded or on the heap, freed by batch_fini once
** `done` was called or store_commit has refused it. What does not fit is
** remembered, and said by store_commit. Within a batch a row is either set or
** counted, not both.
*/
#ifndef STORE_BATCH_H
#define STORE_BATCH_H

#include "base/buf.h"
#include "base/nanos.h"
#include "store/trouble.h"

struct batch {
    void (*done)(struct batch *); /* the last to touch it; may free it */
    void *user;
    enum store_result result; /* once done */
    int swept;                /* expired rows that went with its group */
    nanos now;                /* by the calendar; what has expired is gone */
    enum store_result wrong;  /* private, as all that follows */
    struct buf steps;
    int adds;
    bool frees; /* deletes only */
    struct batch *next;
};

enum batch_kind { BATCH_PUT, BATCH_DELETE, BATCH_ADD };

/* A change, as it is read out of a batch. */
struct batch_step {
    enum batch_kind kind;
    str table, key, value;
    int64_t number; /* what is added */
    int64_t sum;    /* what it came to, once done */
    nanos expires;
    size_t from; /* where in the batch it stands */
};

/* An empty batch, at `now`. An empty one only sweeps: some of the rows that
** have expired go with each group that is written. */
void batch_init(struct batch *b, nanos now);
void batch_fini(struct batch *b);

/* Set a row. It is not there from `expires` on (NANOS_NEVER: it stays). */
void batch_put(struct batch *b, str table, str key, str value, nanos expires);

/* A row that is not there already is fine. */
void batch_delete(struct batch *b, str table, str key);

/* Count: a row that is not there begins at 0 and gets `expires`. The whole
** batch is refused (STORE_COUNTER) when the sum leaves 63 bits and a sign. */
void batch_add(struct batch *b, str table, str key, int64_t n, nanos expires);

/* Once done: what a counter of this batch came to; 0 if it is none. */
int64_t batch_count(const struct batch *b, str table, str key);

/* Walk it: *at begins as 0; false behind the last. And note what a step that
** adds came to; it may be applied again. */
bool batch_next(const struct batch *b, size_t *at, struct batch_step *step);
void batch_note(struct batch *b, const struct batch_step *step, int64_t sum);

#endif
