/*
** hand.h -- a runtime that does jobs, and what it has the store keep.
**
**     order_new --give--> the store's thread --nudge--> hand_heed: then(...)
*/
#ifndef RUN_JOBS_HAND_H
#define RUN_JOBS_HAND_H

#include "net/world.h"
#include "store/batch.h"
#include "store/jobs/job.h"

struct depot;

/* A runtime that does jobs. Embed it; zero it; set nudge.run (which calls
** hand_heed first, then looks for work) and the world. */
struct hand {
    struct nudge nudge;
    struct world *world;
    struct depot *depot; /* NULL: it has not joined */
    struct hand *next;   /* private, as is the rest */
    struct order *finished, **finished_end;
    int pending;
};

/* Something the store shall keep, and what then. Allocated by order_new. */
struct order {
    struct batch batch;
    struct hand *hand;
    struct order *next;
    char id[JOB_ID + 1];
    /* On the hand's loop; the order is freed behind it. */
    void (*then)(struct order *, enum store_result);
};

/* This hand does jobs from now on; and no more. Leaving waits for what the store
** was handed, at most as long as that takes to write. */
void depot_join(struct depot *d, struct hand *hand);
void depot_leave(struct hand *hand);

/* Its orders that are carried out: their `then`s. */
void hand_heed(struct hand *hand);

/* An order of `size` bytes, its struct order first; NULL without memory. */
void *order_new(size_t size, struct hand *hand,
                void (*then)(struct order *, enum store_result));

/* One that is not handed in after all. */
void order_drop(struct order *order);

#endif
